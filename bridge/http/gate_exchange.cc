// What the gate does with a connection's bytes: requests in, answers out.

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/clock.h"
#include "bridge/http/gate.h"
#include "bridge/http/http_error.h"

namespace sse_bridge {
namespace {

constexpr size_t kReadBytes = size_t{16} << 10;

// Unfinished requests of up to this size go on when memory is short: all of
// them together are bounded by the number of connections.
constexpr size_t kSmallRequestBytes = size_t{32} << 10;

// So many bytes are read over after the last answer.
constexpr size_t kLingerBytes = size_t{1} << 20;

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

}  // namespace sse_bridge
