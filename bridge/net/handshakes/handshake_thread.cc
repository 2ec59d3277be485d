#include "bridge/net/handshakes/handshake_thread.h"

#include <sys/epoll.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/net/proxy_header.h"

namespace sse_bridge {
namespace {

// The only list of the deadlines.
constexpr int kHandshake = 0;

}  // namespace

Handshakes::HandshakeThread::HandshakeThread(Handshakes* handshakes,
                                             size_t index)
    : handshakes_(handshakes),
      loop_(handshakes->options_.network, handshakes->options_.clock, this,
            absl::StrCat("handshake-", index)) {
  deadlines_.SetLength(kHandshake, handshakes->options_.timeout);
}

Handshakes::HandshakeThread::~HandshakeThread() { Stop(); }

absl::Status Handshakes::HandshakeThread::Start() {
  if (!loop_.Open().ok()) {
    return absl::ResourceExhaustedError(
        "cannot start the handshake threads: out of file descriptors");
  }
  loop_.Start();
  return absl::OkStatus();
}

void Handshakes::HandshakeThread::Stop() { loop_.Stop(); }

bool Handshakes::HandshakeThread::Post(HandshakeCommand&& command) {
  using Posted = Mailbox<HandshakeCommand>::Posted;
  const Posted posted = mailbox_.Post(std::move(command));
  if (posted == Posted::kWakeNeeded) loop_.Wake();
  return posted != Posted::kRefused;
}

void Handshakes::HandshakeThread::Add(
    std::unique_ptr<PendingConnection> pending) {
  HandshakeCommand command = ArrivedCommand{std::move(pending)};
  if (!Post(std::move(command))) {
    // NOLINTNEXTLINE(bugprone-use-after-move): Post left it unchanged.
    Close(std::get<ArrivedCommand>(command).connection.get());
  }
}

void Handshakes::HandshakeThread::DropLater(uint64_t number) {
  Post(DropCommand{number});
}

void Handshakes::HandshakeThread::OnEvent(uint64_t data, uint32_t) {
  const auto it = pending_.find(data);
  if (it != pending_.end()) Serve(it->second.get());
}

void Handshakes::HandshakeThread::OnRound() {
  for (HandshakeCommand& command : mailbox_.Take()) {
    std::visit([this](auto& each) { Execute(each); }, command);
  }
  mailbox_.Processed();
  while (PendingConnection* pending = deadlines_.Overdue(loop_.now())) {
    Drop(pending);
  }
}

int64_t Handshakes::HandshakeThread::PrepareToWait() {
  if (!mailbox_.PrepareToSleep()) return EventLoop::kNow;
  return deadlines_.Next();
}

void Handshakes::HandshakeThread::OnStop() {
  do {
    for (HandshakeCommand& command : mailbox_.Take()) {
      if (auto* arrived = std::get_if<ArrivedCommand>(&command)) {
        Close(arrived->connection.get());
      }
    }
    mailbox_.Processed();
  } while (!mailbox_.CloseIfEmpty());
  while (!pending_.empty()) Drop(pending_.begin()->second.get());
}

void Handshakes::HandshakeThread::Execute(ArrivedCommand& command) {
  PendingConnection* pending = command.connection.get();
  deadlines_.Set(pending, kHandshake, pending->arrived_ns);
  pending_.emplace(pending->number, std::move(command.connection));
  Serve(pending);
}

void Handshakes::HandshakeThread::Execute(DropCommand& command) {
  const auto it = pending_.find(command.number);
  if (it != pending_.end()) Drop(it->second.get());
}

void Handshakes::HandshakeThread::Serve(PendingConnection* pending) {
  if (pending->awaits_proxy_header && !ReadProxyHeader(pending)) return;
  if (!std::exchange(pending->wrapped, true)) {
    pending->socket =
        handshakes_->options_.transport->Wrap(std::move(pending->socket));
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

bool Handshakes::HandshakeThread::ReadProxyHeader(PendingConnection* pending) {
  Socket& socket = *pending->socket;
  char buffer[kMaxProxyHeaderBytes];
  for (;;) {
    const ssize_t n = socket.Peek(buffer, sizeof buffer);
    if (n == Socket::kWouldBlock) {
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
    if (socket.Recv(buffer, take) != static_cast<ssize_t>(take)) {
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

bool Handshakes::HandshakeThread::IsInTime(PendingConnection* pending) {
  RateLimiter* rate = handshakes_->options_.rate;
  if (rate == nullptr) return true;
  const absl::Duration wait =
      rate->Take(LimitKey(pending->peer_address), loop_.now());
  if (wait == absl::ZeroDuration()) return true;
  if (pending->watched != 0) loop_.poller()->Remove(pending->socket->fd());
  handshakes_->too_often_(std::move(pending->socket), wait);
  Drop(pending);
  return false;
}

void Handshakes::HandshakeThread::Watch(PendingConnection* pending,
                                        uint32_t events) {
  if (pending->watched == events) return;
  const bool is_new = std::exchange(pending->watched, events) == 0;
  const int fd = pending->socket->fd();
  const int error = is_new
                        ? loop_.poller()->Add(fd, pending->number, events)
                        : loop_.poller()->Modify(fd, pending->number, events);
  if (error != 0) Drop(pending);
}

void Handshakes::HandshakeThread::Leave(PendingConnection* pending) {
  if (pending->watched != 0) loop_.poller()->Remove(pending->socket->fd());
  std::unique_ptr<Socket> socket = std::move(pending->socket);
  std::string peer_address = std::move(pending->peer_address);
  Drop(pending);
  handshakes_->entered_(std::move(socket), std::move(peer_address));
}

void Handshakes::HandshakeThread::Drop(PendingConnection* pending) {
  deadlines_.Clear(pending);
  Close(pending);
  pending_.erase(pending->number);
}

void Handshakes::HandshakeThread::Close(PendingConnection* pending) const {
  pending->socket.reset();
  handshakes_->pending_.Remove(pending->number);
  --handshakes_->connections_;
}

}  // namespace sse_bridge
