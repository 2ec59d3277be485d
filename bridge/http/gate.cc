#include "bridge/http/gate.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/delivery/clock.h"
#include "bridge/http/http_error.h"

namespace sse_bridge {
namespace {

constexpr int kEventsPerRound = 256;
constexpr size_t kReadBytes = size_t{16} << 10;

// After the last answer on a connection the client has so long to take it,
// and we read over so many bytes of what it still sends: closing at once would
// reset the connection and destroy the answer.
constexpr absl::Duration kLingerTime = absl::Seconds(2);
constexpr size_t kLingerBytes = size_t{1} << 20;

// Unfinished requests of up to this size go on when memory is short: all of
// them together are bounded by the number of connections.
constexpr size_t kSmallRequestBytes = size_t{32} << 10;

// epoll data of what is not a connection.
constexpr uint64_t kListenHandle = ~uint64_t{0};
constexpr uint64_t kWakeHandle = ~uint64_t{0} - 1;

constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";

absl::string_view StatusName(int http_status) {
  switch (http_status) {
    case 408:
      return "DEADLINE_EXCEEDED";
    case 501:
    case 505:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    default:
      return "INVALID_ARGUMENT";
  }
}

}  // namespace

Gate::Gate(Options options, Sink sink)
    : options_(options),
      sink_(std::move(sink)),
      inbox_(std::make_shared<GateInbox>()),
      acceptor_(
          [this](int fd, std::string peer_address) {
            Accepted(fd, std::move(peer_address));
          },
          [this] { return CloseLongestIdle(); }),
      door_(options_.door,
            [inbox = inbox_](int fd, std::string peer_address,
                             std::unique_ptr<Transport> transport) {
              if (!inbox->Post({GateInbox::Item::What::kEntered,
                                0,
                                std::move(peer_address),
                                false,
                                {},
                                fd,
                                std::move(transport)})) {
                close(fd);
              }
            }) {
  deadlines_.SetLength(GateDeadlines::kHead, options_.head_timeout);
  deadlines_.SetLength(GateDeadlines::kBody, options_.body_timeout);
  deadlines_.SetLength(GateDeadlines::kIdle, options_.idle_timeout);
  deadlines_.SetLength(GateDeadlines::kWrite, options_.write_timeout);
  deadlines_.SetLength(GateDeadlines::kLinger, kLingerTime);
}

Gate::~Gate() {
  Stop();
  if (wake_fd_ >= 0) close(wake_fd_);
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

absl::Status Gate::Start(int listen_fd) {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  // The acceptor owns the listening socket in any case.
  absl::Status started = acceptor_.Start(listen_fd, epoll_fd_, kListenHandle);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeHandle;
  if (!started.ok() ||
      epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) != 0) {
    return absl::ResourceExhaustedError("no descriptors for the event loop");
  }
  if (absl::Status opened = door_.Start(); !opened.ok()) return opened;
  inbox_->Open(epoll_fd_, wake_fd_);
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "http-gate");
  return absl::OkStatus();
}

void Gate::StopAccepting() {
  stop_accepting_ = true;
  inbox_->StartDraining();
}

bool Gate::WaitUntilIdle(absl::Time deadline) {
  MutexLock lock(&idle_mu_);
  const auto busy = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(idle_mu_) {
    return in_flight_ > 0 || (stop_accepting_ && !closed_);
  };
  while (busy()) {
    if (idle_.wait_until(idle_mu_, absl::ToChronoTime(deadline)) ==
        std::cv_status::timeout) {
      return !busy();
    }
  }
  return true;
}

void Gate::Stop() {
  if (!thread_.joinable()) return;
  stop_ = true;
  inbox_->Wake();
  thread_.join();
}

void Gate::Run() {
  std::vector<epoll_event> events(kEventsPerRound);
  while (!stop_) {
    const int wait_ms = ExpireDeadlines();
    const int count =
        epoll_wait(epoll_fd_, events.data(), kEventsPerRound, wait_ms);
    const int64_t now = NowNs();
    if (stop_accepting_ && !acceptor_.closed()) EndAccepting(now);
    bool accept =
        acceptor_.again_at_ns() != 0 && now >= acceptor_.again_at_ns();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.u64 == kListenHandle) {
        accept = true;
      } else if (event.data.u64 == kWakeHandle) {
        uint64_t ignored;
        [[maybe_unused]] const ssize_t n =
            read(wake_fd_, &ignored, sizeof ignored);
      } else if (GateConnection* connection = Find(event.data.u64)) {
        OnEvent(connection, event.events);
      }
    }
    for (GateInbox::Item& item : inbox_->Take()) OnPosted(std::move(item));
    if (accept) acceptor_.Accept(now);
  }
  CloseAll();
}

// Once, or with kRetire until the time of the last handshake is over.
void Gate::EndAccepting(int64_t now_ns) {
  using Stopping = Options::Stopping;
  const bool first = std::exchange(accepting_, false);
  if (first && options_.stopping == Stopping::kRetire) {
    acceptor_.Retire(now_ns);
  }
  if (now_ns >= acceptor_.close_at_ns()) {
    acceptor_.Close(options_.stopping != Stopping::kLeaveWaiting);
    MutexLock lock(&idle_mu_);
    closed_ = true;
    idle_.notify_all();
  }
  while (first && CloseLongestIdle()) {
  }
}

// From here on no link reaches a connection. What was detached before is not
// ours to close; what was answered before is still sent as far as it goes.
void Gate::CloseAll() {
  acceptor_.Close(/*take_waiting=*/false);
  door_.Stop();
  for (GateInbox::Item& item : inbox_->Close()) OnPosted(std::move(item));
  for (auto& slot : slots_) {
    if (slot->fd >= 0) Forget(slot.get(), true);
  }
}

void Gate::Accepted(int fd, std::string peer_address) {
  if (options_.max_connections != 0 &&
      connections() >= options_.max_connections && !CloseLongestIdle()) {
    if (options_.door.tls == nullptr) {
      Acceptor::TurnAway(fd);
    } else {
      close(fd);  // before a handshake there is no way to say why
    }
    return;
  }
  if (door_.Enter(fd, peer_address)) {
    AddConnection(fd, std::move(peer_address), nullptr);
  }
}

void Gate::AddConnection(int fd, std::string peer_address,
                         std::unique_ptr<Transport> transport) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.push_back(std::make_unique<GateConnection>());
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  GateConnection* connection = slots_[slot].get();
  connection->slot = slot;
  connection->fd = fd;
  connection->peer_address = std::move(peer_address);
  if (transport != nullptr) {
    connection->tls = std::make_shared<TransportSlot>();
    connection->tls->transport = std::move(transport);
  }
  ++connections_;
  deadlines_.Set(connection, GateDeadlines::kHead, NowNs());
  if (!Watch(connection, EPOLLIN | EPOLLRDHUP)) Forget(connection, true);
}

// Clients must cope with an idle connection that is closed (RFC 9112, 9.5).
bool Gate::CloseLongestIdle() {
  GateConnection* connection = deadlines_.First(GateDeadlines::kIdle);
  if (connection == nullptr) return false;
  Forget(connection, true);
  return true;
}

GateConnection* Gate::Find(uint64_t handle) {
  const auto slot = static_cast<uint32_t>(handle);
  if (slot >= slots_.size()) return nullptr;
  GateConnection* connection = slots_[slot].get();
  return connection->fd >= 0 && connection->handle() == handle ? connection
                                                               : nullptr;
}

// Tells epoll what to look for. A connection that is new is added.
bool Gate::Watch(GateConnection* connection, uint32_t events) {
  if (connection->watched == events) return true;
  epoll_event event{};
  event.events = events;
  event.data.u64 = connection->handle();
  const int op = connection->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  connection->watched = events;
  return epoll_ctl(epoll_fd_, op, connection->fd, &event) == 0;
}

void Gate::OnEvent(GateConnection* connection, uint32_t events) {
  switch (connection->state) {
    case GateConnection::State::kReading:
    case GateConnection::State::kLingering:
      OnReadable(connection);
      break;
    case GateConnection::State::kBusy:
      OnWaitingClient(connection, events);
      break;
    case GateConnection::State::kWriting:
      if (events & (EPOLLERR | EPOLLHUP)) {
        Forget(connection, true);
      } else {
        Flush(connection);
      }
      break;
  }
}

void Gate::OnWaitingClient(GateConnection* connection, uint32_t events) {
  // No interim answer can be slipped into TLS, whose state is elsewhere now;
  // but its clients do not end one direction only.
  const bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0 ||
                    (connection->tls != nullptr && (events & EPOLLRDHUP) != 0);
  if (gone) {
    connection->broken = true;
    if (auto exchange = connection->exchange.lock()) exchange->Abort();
  } else if ((events & EPOLLRDHUP) && !connection->probed &&
             connection->minor_version >= 1) {
    connection->probed = true;
    inbox_->SendUnlessDetached(connection->handle(), connection->fd, kContinue,
                               sizeof kContinue - 1);
  }
}

ssize_t Gate::Receive(GateConnection* connection, char* buffer, size_t size) {
  if (connection->tls == nullptr) return recv(connection->fd, buffer, size, 0);
  const ssize_t n = connection->tls->transport->Recv(buffer, size);
  if (n >= 0) return n;
  errno = n == Transport::kWouldBlock ? EAGAIN : ECONNRESET;
  return -1;
}

ssize_t Gate::SendSome(GateConnection* connection, absl::string_view bytes) {
  if (connection->tls == nullptr) {
    return send(connection->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // No bytes: those that were taken before.
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  const ssize_t n = bytes.empty() ? connection->tls->transport->Flush()
                                  : connection->tls->transport->Send(&part, 1);
  if (n >= 0) return n;
  errno = n == Transport::kWouldBlock ? EAGAIN : ECONNRESET;
  return -1;
}

void Gate::OnReadable(GateConnection* connection) {
  char buffer[kReadBytes];
  const ssize_t n = Receive(connection, buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    Forget(connection, true);
    return;
  }
  const auto size = static_cast<size_t>(n);
  if (connection->state == GateConnection::State::kLingering) {
    connection->lingered_bytes += size;
    if (connection->lingered_bytes > kLingerBytes) Forget(connection, true);
    return;
  }
  if (connection->list == GateDeadlines::kIdle) {
    deadlines_.Set(connection, GateDeadlines::kHead, NowNs());
  }
  connection->in.append(buffer, size);
  buffered_bytes_ += size;
  if (buffered_bytes_ > options_.max_buffered_bytes &&
      connection->in.size() > kSmallRequestBytes) {
    Refuse(connection, 503, "too many large requests; retry later");
    return;
  }
  ContinueReading(connection);
}

void Gate::ContinueReading(GateConnection* connection) {
  if (connection->framing == nullptr) {
    connection->framing = std::make_unique<RequestFraming>(&options_.framing);
  }
  RequestFraming& framing = *connection->framing;
  const RequestFraming::State before = framing.state();
  switch (framing.Advance(connection->in)) {
    case RequestFraming::State::kHead:
      break;
    case RequestFraming::State::kBody:
      if (before != RequestFraming::State::kHead) break;
      deadlines_.Set(connection, GateDeadlines::kBody, NowNs());
      // Who has sent some of the body does not wait to be asked for it.
      if (framing.expects_continue() &&
          connection->in.size() == framing.end() && !SendContinue(connection)) {
        Forget(connection, true);
      }
      break;
    case RequestFraming::State::kComplete:
      PassOn(connection);
      break;
    case RequestFraming::State::kRefused:
      connection->is_head = framing.verb() == "HEAD";
      Refuse(connection, framing.status(), framing.reason());
      break;
  }
}

bool Gate::SendContinue(GateConnection* connection) {
  constexpr ssize_t kSize = sizeof kContinue - 1;
  return SendSome(connection, absl::string_view(kContinue, kSize)) == kSize;
}

void Gate::PassOn(GateConnection* connection) {
  RequestFraming& framing = *connection->framing;
  const uint64_t handle = connection->handle();
  auto request = std::make_unique<Request>();
  request->parsed.verb = framing.verb();
  request->parsed.target = framing.target();
  request->parsed.minor_version = framing.minor_version();
  request->parsed.keep_alive = framing.keep_alive();
  request->parsed.headers = framing.TakeHeaders();
  request->parsed.body = framing.TakeBody();
  request->parsed.peer_address = connection->peer_address;
  request->link = std::make_unique<GateLink>(inbox_, handle, connection->fd,
                                             connection->tls);
  request->watch = [inbox = inbox_,
                    handle](const std::shared_ptr<Exchange>& exchange) {
    inbox->Post({GateInbox::Item::What::kWatch, handle, {}, false, exchange});
  };

  connection->is_head = framing.verb() == "HEAD";
  connection->minor_version = framing.minor_version();
  connection->broken = connection->probed = false;
  DropInput(connection, framing.end());
  connection->framing.reset();
  connection->state = GateConnection::State::kBusy;
  Count(connection, true);
  deadlines_.Clear(connection);
  // No input: what is pipelined waits in the kernel. Once for each change: a
  // client that is half gone stays so.
  Watch(connection, EPOLLRDHUP | EPOLLET);
  if (!sink_(std::move(request))) {
    Refuse(connection, 503, "too many requests wait; retry later");
  }
}

void Gate::OnPosted(GateInbox::Item item) {
  if (item.what == GateInbox::Item::What::kEntered) {
    AddConnection(item.fd, std::move(item.bytes), std::move(item.transport));
    return;
  }
  GateConnection* connection = Find(item.handle);
  if (connection == nullptr) return;
  switch (item.what) {
    case GateInbox::Item::What::kAnswer:
      Answer(connection, std::move(item.bytes), item.keep_alive);
      break;
    case GateInbox::Item::What::kDetached:
      Forget(connection, false);
      break;
    case GateInbox::Item::What::kWatch:
      connection->exchange = item.exchange;
      // The break may have come before there was anybody to tell.
      if (auto exchange = item.exchange.lock();
          connection->broken && exchange != nullptr) {
        exchange->Abort();
      }
      break;
    case GateInbox::Item::What::kEntered:
      break;  // has no connection yet: above
  }
}

void Gate::Answer(GateConnection* connection, std::string bytes,
                  bool keep_alive) {
  connection->exchange.reset();
  connection->out = std::move(bytes);
  connection->out_sent = 0;
  connection->keep_alive = keep_alive && accepting_;
  connection->state = GateConnection::State::kWriting;
  Flush(connection);
}

void Gate::Flush(GateConnection* connection) {
  // A transport may hold some of what it took, which must leave too.
  bool held = connection->tls != nullptr;
  while (connection->out_sent < connection->out.size() || held) {
    const absl::string_view left =
        absl::string_view(connection->out).substr(connection->out_sent);
    const ssize_t n = SendSome(connection, left);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      if (connection->list != GateDeadlines::kWrite) {
        deadlines_.Set(connection, GateDeadlines::kWrite, NowNs());
      }
      Watch(connection, EPOLLOUT);
      return;
    }
    if (n < 0 || (n == 0 && !left.empty())) {
      Forget(connection, true);
      return;
    }
    connection->out_sent += static_cast<size_t>(n);
    if (left.empty()) held = false;
  }
  std::string().swap(connection->out);
  AfterAnswer(connection);
}

void Gate::AfterAnswer(GateConnection* connection) {
  Count(connection, false);
  if (!connection->keep_alive) {
    Linger(connection);
    return;
  }
  connection->state = GateConnection::State::kReading;
  Watch(connection, EPOLLIN | EPOLLRDHUP);
  if (connection->in.empty()) {
    deadlines_.Set(connection, GateDeadlines::kIdle, NowNs());
  } else {
    deadlines_.Set(connection, GateDeadlines::kHead, NowNs());
    ContinueReading(connection);
  }
}

void Gate::Linger(GateConnection* connection) {
  if (connection->tls != nullptr) connection->tls->transport->ShutdownWrite();
  shutdown(connection->fd, SHUT_WR);
  DropInput(connection, connection->in.size());
  connection->framing.reset();
  connection->state = GateConnection::State::kLingering;
  connection->lingered_bytes = 0;
  deadlines_.Set(connection, GateDeadlines::kLinger, NowNs());
  Watch(connection, EPOLLIN);
}

void Gate::Refuse(GateConnection* connection, int status,
                  absl::string_view why) {
  if (options_.rejections != nullptr) {
    options_.rejections->Add(absl::StrCat(status));
  }
  Answer(connection,
         SerializeResponse(ErrorResponse(status, StatusName(status), why),
                           /*keep_alive=*/false, connection->is_head),
         /*keep_alive=*/false);
}

void Gate::Forget(GateConnection* connection, bool close_fd) {
  const std::shared_ptr<Exchange> exchange = connection->exchange.lock();
  deadlines_.Clear(connection);
  DropInput(connection, connection->in.size());
  Count(connection, false);
  if (close_fd) close(connection->fd);
  const uint32_t slot = connection->slot;
  const uint32_t generation = connection->generation;
  *connection = GateConnection();
  // A handle of before must not find the next one.
  connection->slot = slot;
  connection->generation = generation + 1;
  free_slots_.push_back(slot);
  --connections_;
  if (exchange != nullptr && close_fd) exchange->Abort();
}

// The first `bytes` of the input are done with.
void Gate::DropInput(GateConnection* connection, size_t bytes) {
  buffered_bytes_ -= bytes;
  // A new string: the memory of the old one goes.
  connection->in = connection->in.substr(bytes);
}

void Gate::Count(GateConnection* connection, bool in_flight) {
  if (connection->counted == in_flight) return;
  connection->counted = in_flight;
  MutexLock lock(&idle_mu_);
  in_flight_ += in_flight ? 1 : size_t{0} - 1;
  if (in_flight_ == 0) idle_.notify_all();
}

// Closes what is overdue; returns the milliseconds until the next deadline, or
// -1.
int Gate::ExpireDeadlines() {
  const int64_t now = NowNs();
  while (GateConnection* connection = deadlines_.Overdue(now)) {
    const bool reading = connection->list == GateDeadlines::kHead ||
                         connection->list == GateDeadlines::kBody;
    if (reading && !connection->in.empty()) {
      Refuse(connection, 408, "the request did not arrive in time");
    } else {
      Forget(connection, true);
    }
  }
  int64_t next = deadlines_.Next();
  for (const int64_t at : {acceptor_.again_at_ns(), acceptor_.close_at_ns()}) {
    if (at != 0) next = std::min(next, at);
  }
  if (next == std::numeric_limits<int64_t>::max()) return -1;
  return static_cast<int>(
      std::clamp<int64_t>((next - now) / 1'000'000 + 1, 0, 3'600'000));
}

}  // namespace sse_bridge
