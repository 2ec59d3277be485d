#include "bridge/http/handshakes.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bridge/http/answer_and_close.h"
#include "bridge/http/http_error.h"
#include "bridge/net/clock.h"
#include "bridge/net/poller.h"
#include "bridge/net/proxy_header.h"
#include "bridge/net/tls_socket.h"

namespace sse_bridge {
namespace {}  // namespace

class Handshakes::HandshakeThread {
 public:
  explicit HandshakeThread(Handshakes* handshakes) : handshakes_(handshakes) {}
  ~HandshakeThread() { Stop(); }

  absl::Status Start() {
    if (!poller_.Start().ok()) {
      return absl::ResourceExhaustedError(
          "cannot start the handshake threads: out of file descriptors");
    }
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Stop() {
    {
      MutexLock lock(&mu_);
      stopped_ = true;
    }
    poller_.Wake();
    if (thread_.joinable()) thread_.join();
  }

  // Asks this thread to close a pending connection. Thread-safe.
  void DropLater(uint64_t number) {
    {
      MutexLock lock(&mu_);
      to_drop_.push_back(number);
    }
    poller_.Wake();
  }

  void Add(std::unique_ptr<PendingConnection> pending) {
    {
      MutexLock lock(&mu_);
      if (!stopped_) {
        arrived_.push_back(std::move(pending));
        pending = nullptr;
      }
    }
    if (pending != nullptr) {
      Close(pending.get());
    } else {
      poller_.Wake();
    }
  }

 private:
  void Run() {
    epoll_event events[Poller::kMaxEvents];
    for (;;) {
      const int count = poller_.Wait(events, NanosToDeadline());
      for (int i = 0; i < count; ++i) {
        // A copy, because epoll_event is packed. No connection has the number
        // Poller::kWakeData.
        const uint64_t number = events[i].data.u64;
        const auto it = pending_.find(number);
        if (it != pending_.end()) Serve(it->second.get());
      }
      std::vector<std::unique_ptr<PendingConnection>> arrived;
      std::vector<uint64_t> to_drop;
      bool stopped = false;
      {
        MutexLock lock(&mu_);
        arrived.swap(arrived_);
        to_drop.swap(to_drop_);
        stopped = stopped_;
      }
      if (stopped) {
        for (auto& pending : arrived) Close(pending.get());
        for (auto& [number, pending] : pending_) Close(pending.get());
        pending_.clear();
        return;
      }
      for (auto& pending : arrived) Welcome(std::move(pending));
      for (const uint64_t number : to_drop) {
        const auto it = pending_.find(number);
        if (it != pending_.end()) Drop(it->second.get());
      }
      while (!deadlines_.empty() && deadlines_.front().first <= NowNs()) {
        const auto it = pending_.find(deadlines_.front().second);
        deadlines_.pop_front();
        if (it != pending_.end()) Drop(it->second.get());
      }
    }
  }

  // Returns -1 if no connection has a deadline.
  int64_t NanosToDeadline() {
    // Skip the deadlines of connections that have left.
    while (!deadlines_.empty() &&
           !pending_.contains(deadlines_.front().second)) {
      deadlines_.pop_front();
    }
    if (deadlines_.empty()) return -1;
    return std::max<int64_t>(deadlines_.front().first - NowNs(), 0);
  }

  void Welcome(std::unique_ptr<PendingConnection> arrived) {
    PendingConnection* pending = arrived.get();
    // All have the same timeout, so they are due in the order of arrival.
    deadlines_.emplace_back(
        NowNs() + absl::ToInt64Nanoseconds(handshakes_->options_.head_timeout),
        pending->number);
    pending_.emplace(pending->number, std::move(arrived));
    Serve(pending);
  }

  // Continues until the connection would block.
  void Serve(PendingConnection* pending) {
    if (pending->awaits_proxy_header && !ReadProxyHeader(pending)) return;
    if (pending->socket == nullptr) {
      pending->socket =
          NewSocket(handshakes_->options_.handshake.tls, pending->fd);
      if (pending->socket == nullptr) return Drop(pending);
    }
    switch (pending->socket->Handshake()) {
      case Socket::Progress::kDone:
        return Leave(pending);
      case Socket::Progress::kWantRead:
        return Watch(pending, EPOLLIN);
      case Socket::Progress::kWantWrite:
        return Watch(pending, EPOLLOUT);
      case Socket::Progress::kFailed:
        return Drop(pending);
    }
  }

  // Returns true if the header is complete. Bytes after it stay in the socket.
  bool ReadProxyHeader(PendingConnection* pending) {
    char buffer[kMaxProxyHeaderBytes];
    for (;;) {
      const ssize_t n = recv(pending->fd, buffer, sizeof buffer, MSG_PEEK);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) {
        Watch(pending, EPOLLIN);
        return false;
      }
      if (n <= 0) {
        Drop(pending);
        return false;
      }
      const size_t before = pending->head.size();
      pending->head.append(buffer, static_cast<size_t>(n));
      const ProxyHeader header = ParseProxyHeader(pending->head);
      if (header.state == ProxyHeader::State::kInvalid ||
          pending->head.size() > 2 * kMaxProxyHeaderBytes) {
        Drop(pending);
        return false;
      }
      const bool complete = header.state == ProxyHeader::State::kComplete;
      const size_t take =
          complete ? header.size - before : static_cast<size_t>(n);
      if (recv(pending->fd, buffer, take, 0) != static_cast<ssize_t>(take)) {
        Drop(pending);
        return false;
      }
      if (!complete) continue;
      pending->awaits_proxy_header = false;
      std::string().swap(pending->head);
      if (!header.address.empty()) {
        pending->peer_address = header.address;
        const std::string key = LimitKey(header.address);
        handshakes_->pending_.Identify(pending->number, key);
        handshakes_->DropExcess(key);
        if (!IsInTime(pending)) return false;
      }
      return true;
    }
  }

  bool IsInTime(PendingConnection* pending) {
    RateLimiter* rate = handshakes_->options_.handshake.rate;
    if (rate == nullptr) return true;
    const absl::Duration wait =
        rate->Take(LimitKey(pending->peer_address), NowNs());
    if (wait == absl::ZeroDuration()) return true;
    poller_.Remove(pending->fd);
    handshakes_->TurnAway(pending->fd, wait);
    pending->fd = -1;
    Drop(pending);
    return false;
  }

  void Watch(PendingConnection* pending, uint32_t events) {
    if (pending->watched == events) return;
    const bool is_new = std::exchange(pending->watched, events) == 0;
    const int error =
        is_new ? poller_.Add(pending->fd, pending->number, events)
               : poller_.Modify(pending->fd, pending->number, events);
    if (error != 0) Drop(pending);
  }

  void Leave(PendingConnection* pending) {
    if (pending->watched != 0) poller_.Remove(pending->fd);
    std::unique_ptr<Socket> socket = std::move(pending->socket);
    pending->fd = -1;
    std::string peer_address = std::move(pending->peer_address);
    Drop(pending);
    handshakes_->entered_(std::move(socket), std::move(peer_address));
  }

  void Drop(PendingConnection* pending) {
    Close(pending);
    pending_.erase(pending->number);
  }

  void Close(PendingConnection* pending) const {
    if (pending->socket != nullptr) {
      pending->socket.reset();
    } else if (pending->fd >= 0) {
      close(pending->fd);
    }
    handshakes_->pending_.Remove(pending->number);
    --handshakes_->connections_;
  }

  Handshakes* const handshakes_;  // must outlive this
  Poller poller_;
  std::thread thread_;

  Mutex mu_;
  std::vector<std::unique_ptr<PendingConnection>> arrived_ ABSL_GUARDED_BY(mu_);
  std::vector<uint64_t> to_drop_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;

  // Used on this thread only.
  absl::flat_hash_map<uint64_t, std::unique_ptr<PendingConnection>> pending_;
  std::deque<std::pair<int64_t, uint64_t>> deadlines_;
};

Handshakes::Handshakes(const ConnectionOptions& options, Entered entered)
    : options_(options), entered_(std::move(entered)) {}

Handshakes::~Handshakes() { Stop(); }

absl::Status Handshakes::Start() {
  if (options_.handshake.tls == nullptr && !options_.handshake.proxy_protocol) {
    return absl::OkStatus();
  }
  for (int i = 0; i < options_.handshake.threads; ++i) {
    threads_.push_back(std::make_unique<HandshakeThread>(this));
    if (absl::Status started = threads_.back()->Start(); !started.ok()) {
      return started;
    }
  }
  return absl::OkStatus();
}

void Handshakes::Stop() {
  for (auto& thread : threads_) thread->Stop();
}

bool Handshakes::Enter(int fd, const std::string& peer_address) {
  const bool proxy_header = NeedsProxyHeader(peer_address);
  if (options_.handshake.rate != nullptr &&
      !options_.handshake.proxies.Trusts(peer_address)) {
    const absl::Duration wait =
        options_.handshake.rate->Take(LimitKey(peer_address), NowNs());
    if (wait > absl::ZeroDuration()) {
      TurnAway(fd, wait);
      return false;
    }
  }
  if (!proxy_header && options_.handshake.tls == nullptr) return true;
  auto pending = std::make_unique<PendingConnection>();
  pending->fd = fd;
  pending->peer_address = peer_address;
  pending->awaits_proxy_header = proxy_header;
  const size_t thread = next_thread_++ % threads_.size();
  // A trusted proxy carries the connections of many clients: do not limit it.
  const std::string key = options_.handshake.proxies.Trusts(peer_address)
                              ? ""
                              : LimitKey(peer_address);
  pending->number = pending_.Add(thread, key, NowNs());
  ++connections_;
  threads_[thread]->Add(std::move(pending));
  DropExcess(key);
  return false;
}

void Handshakes::DropExcess(const std::string& key) {
  while (const auto excess =
             pending_.TakeExcess(key, options_.max_connections_per_address)) {
    threads_[excess->thread]->DropLater(excess->number);
  }
}

bool Handshakes::DropOldest(int64_t latest_ns) {
  const auto oldest = pending_.TakeOldest(latest_ns);
  if (!oldest.has_value()) return false;
  threads_[oldest->thread]->DropLater(oldest->number);
  return true;
}

void Handshakes::TurnAway(int fd, absl::Duration wait) const {
  if (options_.rejections != nullptr) options_.rejections->Add("429");
  // No answer can be sent before the TLS handshake.
  if (options_.handshake.tls != nullptr) {
    close(fd);
    return;
  }
  AnswerAndClose(fd, TooManyConnections(wait), options_.headers_for_origin);
}

}  // namespace sse_bridge
