#include "bridge/http/door.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bridge/delivery/clock.h"
#include "bridge/http/answer_and_close.h"
#include "bridge/http/http_error.h"
#include "bridge/http/proxy_header.h"

namespace sse_bridge {
namespace {

constexpr int kEventsPerRound = 64;
constexpr uint64_t kWakeNumber = 0;  // no visitor's

}  // namespace

class Door::Porter {
 public:
  explicit Porter(Door* door) : door_(door) {}
  ~Porter() {
    Stop();
    if (wake_fd_ >= 0) close(wake_fd_);
    if (epoll_fd_ >= 0) close(epoll_fd_);
  }

  absl::Status Start() {
    epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
    wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeNumber;
    if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) != 0) {
      return absl::ResourceExhaustedError("no descriptors for the door");
    }
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Stop() {
    {
      MutexLock lock(&mu_);
      stopped_ = true;
    }
    Wake();
    if (thread_.joinable()) thread_.join();
  }

  // Closes a visitor, soon. From any thread.
  void DropLater(uint64_t number) {
    {
      MutexLock lock(&mu_);
      to_drop_.push_back(number);
    }
    Wake();
  }

  void Add(std::unique_ptr<Visitor> visitor) {
    {
      MutexLock lock(&mu_);
      if (!stopped_) {
        arrived_.push_back(std::move(visitor));
        visitor = nullptr;
      }
    }
    if (visitor != nullptr) {
      Close(visitor.get());
    } else {
      Wake();
    }
  }

 private:
  void Wake() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(wake_fd_, &one, sizeof one);
  }

  void Run() {
    std::vector<epoll_event> events(kEventsPerRound);
    for (;;) {
      const int count = epoll_wait(epoll_fd_, events.data(), kEventsPerRound,
                                   MillisecondsToDeadline());
      for (int i = 0; i < count; ++i) {
        const uint64_t number = events[static_cast<size_t>(i)].data.u64;
        if (number == kWakeNumber) {
          uint64_t ignored;
          [[maybe_unused]] const ssize_t n =
              read(wake_fd_, &ignored, sizeof ignored);
          continue;
        }
        const auto it = visitors_.find(number);
        if (it != visitors_.end()) Serve(it->second.get());
      }
      std::vector<std::unique_ptr<Visitor>> arrived;
      std::vector<uint64_t> to_drop;
      bool stopped = false;
      {
        MutexLock lock(&mu_);
        arrived.swap(arrived_);
        to_drop.swap(to_drop_);
        stopped = stopped_;
      }
      if (stopped) {
        for (auto& visitor : arrived) Close(visitor.get());
        for (auto& [number, visitor] : visitors_) Close(visitor.get());
        visitors_.clear();
        return;
      }
      for (auto& visitor : arrived) Welcome(std::move(visitor));
      for (const uint64_t number : to_drop) {
        const auto it = visitors_.find(number);
        if (it != visitors_.end()) Drop(it->second.get());
      }
      while (!deadlines_.empty() && deadlines_.front().first <= NowNs()) {
        const auto it = visitors_.find(deadlines_.front().second);
        deadlines_.pop_front();
        if (it != visitors_.end()) Drop(it->second.get());
      }
    }
  }

  int MillisecondsToDeadline() {
    // Who has left needs no deadline.
    while (!deadlines_.empty() &&
           !visitors_.contains(deadlines_.front().second)) {
      deadlines_.pop_front();
    }
    if (deadlines_.empty()) return -1;
    return static_cast<int>(std::clamp<int64_t>(
        (deadlines_.front().first - NowNs()) / 1'000'000 + 1, 0, 3'600'000));
  }

  void Welcome(std::unique_ptr<Visitor> arrived) {
    Visitor* visitor = arrived.get();
    // All have the same time, so they are due in the order of their coming.
    deadlines_.emplace_back(
        NowNs() + absl::ToInt64Nanoseconds(door_->options_.timeout),
        visitor->number);
    visitors_.emplace(visitor->number, std::move(arrived));
    Serve(visitor);
  }

  // Goes on as far as the connection allows.
  void Serve(Visitor* visitor) {
    if (visitor->awaits_proxy_header && !ReadProxyHeader(visitor)) return;
    const TlsContext* tls = door_->options_.tls;
    if (tls == nullptr) return Leave(visitor, nullptr);
    if (visitor->tls == nullptr) {
      SslPtr session = tls->NewSession(visitor->fd);
      if (session == nullptr) return Drop(visitor);
      visitor->tls = std::make_unique<TlsTransport>(std::move(session));
    }
    switch (visitor->tls->Shake()) {
      case TlsTransport::Handshake::kDone:
        return Leave(visitor, std::move(visitor->tls));
      case TlsTransport::Handshake::kWantRead:
        return Watch(visitor, EPOLLIN);
      case TlsTransport::Handshake::kWantWrite:
        return Watch(visitor, EPOLLOUT);
      case TlsTransport::Handshake::kFailed:
        return Drop(visitor);
    }
  }

  // True: it is there, and nothing behind it was taken off the socket.
  bool ReadProxyHeader(Visitor* visitor) {
    char buffer[kMaxProxyHeaderBytes];
    for (;;) {
      const ssize_t n = recv(visitor->fd, buffer, sizeof buffer, MSG_PEEK);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) {
        Watch(visitor, EPOLLIN);
        return false;
      }
      if (n <= 0) {
        Drop(visitor);
        return false;
      }
      const size_t before = visitor->head.size();
      visitor->head.append(buffer, static_cast<size_t>(n));
      const ProxyHeader header = ParseProxyHeader(visitor->head);
      if (header.state == ProxyHeader::State::kInvalid ||
          visitor->head.size() > 2 * kMaxProxyHeaderBytes) {
        Drop(visitor);
        return false;
      }
      const bool complete = header.state == ProxyHeader::State::kComplete;
      const size_t take =
          complete ? header.size - before : static_cast<size_t>(n);
      if (recv(visitor->fd, buffer, take, 0) != static_cast<ssize_t>(take)) {
        Drop(visitor);
        return false;
      }
      if (!complete) continue;
      visitor->awaits_proxy_header = false;
      std::string().swap(visitor->head);
      if (!header.address.empty()) {
        visitor->peer_address = header.address;
        const std::string key = LimitKey(header.address);
        door_->visitors_.Identify(visitor->number, key);
        door_->DropExcess(key);
        if (!IsInTime(visitor)) return false;
      }
      return true;
    }
  }

  bool IsInTime(Visitor* visitor) {
    RateLimiter* rate = door_->options_.rate;
    if (rate == nullptr) return true;
    const absl::Duration wait =
        rate->Take(LimitKey(visitor->peer_address), NowNs());
    if (wait == absl::ZeroDuration()) return true;
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, visitor->fd, nullptr);
    door_->TurnAway(visitor->fd, wait);
    visitor->fd = -1;
    Drop(visitor);
    return false;
  }

  void Watch(Visitor* visitor, uint32_t events) {
    if (visitor->watched == events) return;
    epoll_event event{};
    event.events = events;
    event.data.u64 = visitor->number;
    const int op = visitor->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    visitor->watched = events;
    if (epoll_ctl(epoll_fd_, op, visitor->fd, &event) != 0) Drop(visitor);
  }

  void Leave(Visitor* visitor, std::unique_ptr<Transport> transport) {
    if (visitor->watched != 0) {
      epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, visitor->fd, nullptr);
    }
    const int fd = std::exchange(visitor->fd, -1);
    std::string peer_address = std::move(visitor->peer_address);
    Drop(visitor);
    door_->entered_(fd, std::move(peer_address), std::move(transport));
  }

  void Drop(Visitor* visitor) {
    Close(visitor);
    visitors_.erase(visitor->number);
  }

  void Close(Visitor* visitor) const {
    visitor->tls.reset();
    if (visitor->fd >= 0) close(visitor->fd);
    door_->visitors_.Remove(visitor->number);
    --door_->connections_;
  }

  Door* const door_;  // outlives this
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::thread thread_;

  Mutex mu_;
  std::vector<std::unique_ptr<Visitor>> arrived_ ABSL_GUARDED_BY(mu_);
  std::vector<uint64_t> to_drop_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;

  // Of the thread.
  absl::flat_hash_map<uint64_t, std::unique_ptr<Visitor>> visitors_;
  std::deque<std::pair<int64_t, uint64_t>> deadlines_;
};

Door::Door(Options options, Entered entered)
    : options_(std::move(options)), entered_(std::move(entered)) {}

Door::~Door() { Stop(); }

absl::Status Door::Start() {
  if (options_.tls == nullptr && !options_.proxy_protocol) {
    return absl::OkStatus();
  }
  for (int i = 0; i < options_.threads; ++i) {
    porters_.push_back(std::make_unique<Porter>(this));
    if (absl::Status started = porters_.back()->Start(); !started.ok()) {
      return started;
    }
  }
  return absl::OkStatus();
}

void Door::Stop() {
  for (auto& porter : porters_) porter->Stop();
}

bool Door::Enter(int fd, const std::string& peer_address) {
  const bool proxy_header = NeedsProxyHeader(peer_address);
  if (options_.rate != nullptr && !options_.proxies.Trusts(peer_address)) {
    const absl::Duration wait =
        options_.rate->Take(LimitKey(peer_address), NowNs());
    if (wait > absl::ZeroDuration()) {
      TurnAway(fd, wait);
      return false;
    }
  }
  if (!proxy_header && options_.tls == nullptr) return true;
  auto visitor = std::make_unique<Visitor>();
  visitor->fd = fd;
  visitor->peer_address = peer_address;
  visitor->awaits_proxy_header = proxy_header;
  const size_t porter = next_porter_++ % porters_.size();
  // A trusted proxy's connections are its clients'.
  const std::string key =
      options_.proxies.Trusts(peer_address) ? "" : LimitKey(peer_address);
  visitor->number = visitors_.Add(porter, key, NowNs());
  ++connections_;
  porters_[porter]->Add(std::move(visitor));
  DropExcess(key);
  return false;
}

void Door::DropExcess(const std::string& key) {
  while (const auto excess =
             visitors_.TakeExcess(key, options_.max_per_address)) {
    porters_[excess->thread]->DropLater(excess->number);
  }
}

bool Door::DropOldest(int64_t latest_ns) {
  const auto oldest = visitors_.TakeOldest(latest_ns);
  if (!oldest.has_value()) return false;
  porters_[oldest->thread]->DropLater(oldest->number);
  return true;
}

void Door::TurnAway(int fd, absl::Duration wait) const {
  if (options_.rejections != nullptr) options_.rejections->Add("429");
  // Before a handshake there is no way to say why.
  if (options_.tls != nullptr) {
    close(fd);
    return;
  }
  AnswerAndClose(fd, TooManyConnections(wait), options_.headers_for_origin);
}

}  // namespace sse_bridge
