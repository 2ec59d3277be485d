#include "bridge/http/http_listener.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace sse_bridge {
namespace {

// How long the client may take to read the last answer on a connection. Closing
// at once could reset the connection and destroy the answer.
constexpr absl::Duration kLingerTime = absl::Seconds(2);

// How long the rest of a refused head may take to arrive.
constexpr absl::Duration kRefusedTime = absl::Milliseconds(500);

// How long a new connection waits for space before it is refused.
constexpr int64_t kPendingNs = 200'000'000;

// The data of the listening socket's events. No connection has this handle.
constexpr uint64_t kListenData = Poller::kWakeData - 1;

Handshakes::Options OptionsOfHandshakes(const ConnectionOptions& options) {
  return {options.handshake, options.head_timeout,
          options.max_connections_per_address, options.network, options.clock};
}

}  // namespace

HttpListener::HttpListener(Options options, HttplibServer* httplib, Sink sink)
    : options_(std::move(options)),
      httplib_(httplib),
      sink_(std::move(sink)),
      inbox_(std::make_shared<ConnectionInbox>()),
      loop_(options_.network, options_.clock, this, "http-listener"),
      acceptor_(
          [this](std::unique_ptr<Socket> socket, std::string peer_address) {
            return Accepted(std::move(socket), std::move(peer_address));
          },
          [this] { return MakeSpace() == Space::kMade; },
          [this](std::unique_ptr<Socket> socket) {
            TurnAway(std::move(socket));
          }),
      handshakes_(
          OptionsOfHandshakes(options_),
          [inbox = inbox_](std::unique_ptr<Socket> socket,
                           std::string peer_address) {
            inbox->Post(
                EnteredCommand{std::move(socket), std::move(peer_address)});
          },
          [this](std::unique_ptr<Socket> socket, absl::Duration wait) {
            RefuseRate(std::move(socket), wait);
          }),
      accounts_(
          {options_.max_buffered_bytes, options_.max_connections_per_address}) {
  deadlines_.SetLength(ConnectionDeadlines::kHead, options_.head_timeout);
  deadlines_.SetLength(ConnectionDeadlines::kBody, options_.body_timeout);
  deadlines_.SetLength(ConnectionDeadlines::kIdle, options_.idle_timeout);
  deadlines_.SetLength(ConnectionDeadlines::kWrite, options_.write_timeout);
  deadlines_.SetLength(ConnectionDeadlines::kLinger, kLingerTime);
  deadlines_.SetLength(ConnectionDeadlines::kRefused, kRefusedTime);
}

HttpListener::~HttpListener() { Stop(); }

absl::Status HttpListener::Start(std::unique_ptr<ListeningSocket> socket) {
  if (!loop_.Open().ok() ||
      !acceptor_.Start(std::move(socket), loop_.poller(), kListenData).ok()) {
    return absl::ResourceExhaustedError(
        "cannot start the HTTP listener: out of file descriptors");
  }
  if (absl::Status started = handshakes_.Start(); !started.ok()) return started;
  if (options_.http2 != nullptr)
    options_.http2->Start(options_, sink_, &drain_);
  inbox_->Open(&loop_);
  loop_.Start();
  return absl::OkStatus();
}

void HttpListener::StopAccepting() {
  drain_.StopAccepting();
  inbox_->StartDraining();
  if (options_.http2 != nullptr) options_.http2->StartDraining();
}

void HttpListener::Stop() {
  loop_.Stop();
  if (options_.http2 != nullptr) options_.http2->Stop();
}

void HttpListener::OnWake() {
  inbox_->mailbox()->WokeUp();
  if (drain_.stop_accepting() && !acceptor_.closed()) EndAccepting();
  accept_now_ =
      acceptor_.again_at_ns() != 0 && now() >= acceptor_.again_at_ns();
}

void HttpListener::OnEvent(uint64_t data, uint32_t events) {
  if (data == kListenData) {
    accept_now_ = true;
  } else if (Http1Connection* connection = connections_.Find(data)) {
    OnConnectionEvent(connection, events);
    KeepBounds();
  }
}

void HttpListener::OnRound() {
  ExecuteCommands();
  if (accept_now_ && pending_.socket != nullptr) LetInPending();
  if (accept_now_ && pending_.socket == nullptr) {
    acceptor_.Accept(now());
  } else if (accept_now_) {
    acceptor_.Pause(now());
  }
  ExpireDeadlines();
}

int64_t HttpListener::PrepareToWait() {
  if (!inbox_->mailbox()->PrepareToSleep()) return EventLoop::kNow;
  int64_t next = deadlines_.Next();
  for (const int64_t at : {acceptor_.again_at_ns(), acceptor_.close_at_ns()}) {
    if (at != 0) next = std::min(next, at);
  }
  return next;
}

// Called once, or with kRetire until the last handshake may have ended.
void HttpListener::EndAccepting() {
  using Stopping = Options::Stopping;
  const bool first = std::exchange(accepting_, false);
  if (first && options_.stopping == Stopping::kRetire) {
    acceptor_.Retire(now());
  }
  if (now() >= acceptor_.close_at_ns()) {
    acceptor_.Close(options_.stopping != Stopping::kLeaveWaiting);
    if (pending_.socket != nullptr) {
      LetIn(std::move(pending_.socket), std::move(pending_.peer_address));
    }
    drain_.ListeningSocketClosed();
  }
  while (first && CloseLongestIdle()) {
  }
}

// After this no handle reaches a connection. Detached connections belong to
// others and stay open. Answers that were posted before are sent as far as the
// sockets accept them.
void HttpListener::OnStop() {
  pending_.socket.reset();
  acceptor_.Close(/*take_waiting=*/false);
  handshakes_.Stop();
  inbox_->Close();
  ExecuteCommands();
  for (Http1Connection* connection : connections_.All()) {
    Forget(connection, true);
  }
}

bool HttpListener::IsFull(const Socket& socket) const {
  // The kernel assigns the lowest free number, so all lower numbers are in use.
  return (options_.max_connections != 0 &&
          connections() >= options_.max_connections) ||
         (options_.max_descriptor != 0 &&
          socket.fd() >= options_.max_descriptor);
}

// Returns false if accepting must pause for a moment.
bool HttpListener::Accepted(std::unique_ptr<Socket> socket,
                            std::string peer_address) {
  if (IsFull(*socket)) {
    switch (MakeSpace()) {
      case Space::kMade:
        // The number of a descriptor shows how many are open only if each has
        // the lowest number possible.
        socket->UseLowestDescriptor();
        break;
      case Space::kSoon:
        if (pending_.socket != nullptr || !accepting_) break;  // let in anyway
        pending_ = {std::move(socket), std::move(peer_address),
                    now() + kPendingNs};
        return false;
      case Space::kNone:
        TurnAway(std::move(socket));
        return true;
    }
  }
  LetIn(std::move(socket), std::move(peer_address));
  return true;
}

void HttpListener::LetInPending() {
  pending_.socket->UseLowestDescriptor();
  if (!IsFull(*pending_.socket)) {
    LetIn(std::move(pending_.socket), std::move(pending_.peer_address));
  } else if (now() >= pending_.until_ns) {
    TurnAway(std::move(pending_.socket));
  }
}

void HttpListener::LetIn(std::unique_ptr<Socket> socket,
                         std::string peer_address) {
  socket = handshakes_.Enter(std::move(socket), peer_address, now());
  if (socket != nullptr) {
    AddConnection(std::move(socket), std::move(peer_address));
  }
}

void HttpListener::AddConnection(std::unique_ptr<Socket> socket,
                                 std::string peer_address) {
  if (options_.http2 != nullptr && socket->speaks_http2()) {
    options_.http2->Accept(std::move(socket), std::move(peer_address), "");
    return;
  }
  Http1Connection* connection = connections_.Add(std::move(socket));
  connection->peer_address = std::move(peer_address);
  accounts_.Enter(connection,
                  options_.handshake.proxies.Trusts(connection->peer_address)
                      ? ""
                      : LimitKey(connection->peer_address));
  deadlines_.Set(connection, ConnectionDeadlines::kHead, now());
  while (Http1Connection* oldest = accounts_.MustLeave(*connection)) {
    Forget(oldest, true);
  }
  if (!Watch(connection, EPOLLIN | EPOLLRDHUP)) Forget(connection, true);
}

// Sets the events that the poller reports of the connection.
bool HttpListener::Watch(Http1Connection* connection, uint32_t events) {
  if (connection->watched == events) return true;
  const bool is_new = std::exchange(connection->watched, events) == 0;
  const int error =
      is_new ? loop_.poller()->Add(connection->fd, connection->handle(), events)
             : loop_.poller()->Modify(connection->fd, connection->handle(),
                                      events);
  return error == 0;
}

void HttpListener::OnConnectionEvent(Http1Connection* connection,
                                     uint32_t events) {
  switch (connection->state) {
    case Http1Connection::State::kReading:
    case Http1Connection::State::kLingering:
      OnReadable(connection);
      break;
    case Http1Connection::State::kBusy:
      OnWaitingClient(connection, events);
      break;
    case Http1Connection::State::kWriting:
      if (events & (EPOLLERR | EPOLLHUP)) {
        Forget(connection, true);
      } else {
        Flush(connection);
      }
      break;
  }
}

void HttpListener::ExecuteCommands() {
  for (ListenerCommand& command : inbox_->mailbox()->Take()) {
    std::visit([this](auto& each) { Execute(each); }, command);
    KeepBounds();
  }
  inbox_->mailbox()->Processed();
}

void HttpListener::Execute(EnteredCommand& command) {
  AddConnection(std::move(command.socket), std::move(command.peer_address));
}

void HttpListener::Execute(HeldCommand& command) {
  Http1Connection* connection = connections_.Find(command.connection);
  if (connection != nullptr &&
      connection->state == Http1Connection::State::kBusy &&
      !connection->exchange.expired()) {
    accounts_.SetHeld(connection, command.bytes);
  }
}

void HttpListener::Execute(AnswerCommand& command) {
  if (Http1Connection* connection = connections_.Find(command.connection)) {
    Answer(connection, std::move(command.bytes), command.keep_alive);
  }
}

void HttpListener::Execute(DetachedCommand& command) {
  if (Http1Connection* connection = connections_.Find(command.connection)) {
    Forget(connection, false);
  }
}

void HttpListener::Forget(Http1Connection* connection, bool close_fd) {
  const std::shared_ptr<HttpExchange> exchange = connection->exchange.lock();
  deadlines_.Clear(connection);
  accounts_.Leave(connection);
  Count(connection, false);
  if (close_fd) connection->shared->socket.reset();
  connections_.Remove(connection);
  if (exchange != nullptr && close_fd) exchange->Abort();
}

void HttpListener::Count(Http1Connection* connection, bool in_flight) {
  if (connection->counted == in_flight) return;
  connection->counted = in_flight;
  if (in_flight) {
    drain_.AddRequest();
  } else {
    drain_.RemoveRequest();
  }
}

// Closes overdue connections.
void HttpListener::ExpireDeadlines() {
  while (Http1Connection* connection = deadlines_.Overdue(now())) {
    const bool reading =
        connection->deadline.list == ConnectionDeadlines::kHead ||
        connection->deadline.list == ConnectionDeadlines::kBody;
    if (connection->deadline.list == ConnectionDeadlines::kRefused) {
      RefuseHead(connection);
    } else if (reading && !connection->in.empty()) {
      Refuse(connection, 408, "the request did not arrive in time");
    } else {
      Forget(connection, true);
    }
  }
}

}  // namespace sse_bridge
