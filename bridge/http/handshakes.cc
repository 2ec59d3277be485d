#include "bridge/http/handshakes.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "bridge/http/answer_and_close.h"
#include "bridge/http/http_error.h"
#include "bridge/net/mailbox.h"
#include "bridge/net/poller.h"
#include "bridge/net/proxy_header.h"
#include "bridge/net/tls_socket.h"

namespace sse_bridge {
class Handshakes::HandshakeThread {
 public:
  explicit HandshakeThread(Handshakes* handshakes)
      : handshakes_(handshakes), now_(handshakes->clock_->MonotonicNanos()) {}
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
    if (stop_.exchange(true)) return;
    poller_.Wake();
    if (thread_.joinable()) {
      thread_.join();
    } else {
      Shutdown();
    }
  }

  // Passes a connection to this thread, or closes it if the thread has stopped.
  // Thread-safe, as is DropLater.
  void Add(std::unique_ptr<PendingConnection> pending) {
    HandshakeCommand command = ArrivedCommand{std::move(pending)};
    if (!Post(std::move(command))) {
      // NOLINTNEXTLINE(bugprone-use-after-move): Post left it unchanged.
      Close(std::get<ArrivedCommand>(command).connection.get());
    }
  }

  // Asks this thread to close a pending connection.
  void DropLater(uint64_t number) { Post(DropCommand{number}); }

 private:
  struct ArrivedCommand {
    std::unique_ptr<PendingConnection> connection;
  };
  struct DropCommand {
    uint64_t number = 0;
  };
  using HandshakeCommand = std::variant<ArrivedCommand, DropCommand>;

  // Returns false and leaves `command` unchanged once the thread has stopped.
  bool Post(HandshakeCommand&& command) {
    using Posted = Mailbox<HandshakeCommand>::Posted;
    const Posted posted = mailbox_.Post(std::move(command));
    if (posted == Posted::kWakeNeeded) poller_.Wake();
    return posted != Posted::kRefused;
  }

  void Run() {
    epoll_event events[Poller::kMaxEvents];
    for (;;) {
      const int64_t nanos = mailbox_.PrepareToSleep() ? NanosToDeadline() : 0;
      const int count = poller_.Wait(events, nanos);
      if (stop_) break;
      mailbox_.WokeUp();
      now_ = handshakes_->clock_->MonotonicNanos();
      for (int i = 0; i < count; ++i) {
        // No connection has the number Poller::kWakeData.
        const auto it = pending_.find(events[i].data.u64);
        if (it != pending_.end()) Serve(it->second.get());
      }
      for (HandshakeCommand& command : mailbox_.Take()) {
        std::visit([this](auto& each) { Execute(each); }, command);
      }
      mailbox_.Processed();
      while (!deadlines_.empty() && deadlines_.front().first <= now_) {
        const auto it = pending_.find(deadlines_.front().second);
        deadlines_.pop_front();
        if (it != pending_.end()) Drop(it->second.get());
      }
    }
    Shutdown();
  }

  // Closes everything.
  void Shutdown() {
    do {
      for (HandshakeCommand& command : mailbox_.Take()) {
        if (auto* arrived = std::get_if<ArrivedCommand>(&command)) {
          Close(arrived->connection.get());
        }
      }
      mailbox_.Processed();
    } while (!mailbox_.CloseIfEmpty());
    for (auto& [number, pending] : pending_) Close(pending.get());
    pending_.clear();
  }

  // -1 if there is none.
  int64_t NanosToDeadline() {
    // Skip the deadlines of connections that have left.
    while (!deadlines_.empty() &&
           !pending_.contains(deadlines_.front().second)) {
      deadlines_.pop_front();
    }
    if (deadlines_.empty()) return -1;
    return std::max<int64_t>(
        deadlines_.front().first - handshakes_->clock_->MonotonicNanos(), 0);
  }

  void Execute(ArrivedCommand& command) {
    PendingConnection* pending = command.connection.get();
    // All have the same timeout, so they are due in the order of arrival.
    deadlines_.emplace_back(
        pending->arrived_ns +
            absl::ToInt64Nanoseconds(handshakes_->options_.head_timeout),
        pending->number);
    pending_.emplace(pending->number, std::move(command.connection));
    Serve(pending);
  }

  void Execute(DropCommand& command) {
    const auto it = pending_.find(command.number);
    if (it != pending_.end()) Drop(it->second.get());
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
        rate->Take(LimitKey(pending->peer_address), now_);
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
  Mailbox<HandshakeCommand> mailbox_;  // bounded by the pending connections
  std::atomic<bool> stop_{false};

  // Used on this thread only.
  int64_t now_;  // read once per round
  absl::flat_hash_map<uint64_t, std::unique_ptr<PendingConnection>> pending_;
  std::deque<std::pair<int64_t, uint64_t>> deadlines_;
};

Handshakes::Handshakes(const ConnectionOptions& options, Entered entered)
    : options_(options),
      entered_(std::move(entered)),
      clock_(options.clock != nullptr ? options.clock : Clock::Real()) {}

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

bool Handshakes::Enter(int fd, const std::string& peer_address,
                       int64_t now_ns) {
  const bool proxy_header = NeedsProxyHeader(peer_address);
  if (options_.handshake.rate != nullptr &&
      !options_.handshake.proxies.Trusts(peer_address)) {
    const absl::Duration wait =
        options_.handshake.rate->Take(LimitKey(peer_address), now_ns);
    if (wait > absl::ZeroDuration()) {
      TurnAway(fd, wait);
      return false;
    }
  }
  if (!proxy_header && options_.handshake.tls == nullptr) return true;
  auto pending = std::make_unique<PendingConnection>();
  pending->fd = fd;
  pending->peer_address = peer_address;
  pending->arrived_ns = now_ns;
  pending->awaits_proxy_header = proxy_header;
  const size_t thread = next_thread_++ % threads_.size();
  // A trusted proxy carries the connections of many clients: do not limit it.
  const std::string key = options_.handshake.proxies.Trusts(peer_address)
                              ? ""
                              : LimitKey(peer_address);
  pending->number = pending_.Add(thread, key, now_ns);
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
