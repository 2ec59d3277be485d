// The listener's input and output: reads requests and writes responses.

#include <sys/epoll.h>
#include <sys/uio.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/http/http_listener.h"

namespace sse_bridge {
namespace {

constexpr size_t kReadBytes = size_t{16} << 10;

// How much of a refused request is read to find its Origin.
constexpr size_t kMaxRefusedHeadBytes = size_t{64} << 10;

// How many bytes are read and discarded after the last response.
constexpr size_t kLingerBytes = size_t{1} << 20;

constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

void HttpListener::OnReadable(Http1Connection* connection) {
  char buffer[kReadBytes];
  const ssize_t n = connection->socket().Recv(buffer, sizeof buffer);
  if (n == Socket::kWouldBlock) return;
  if (n == 0 && connection->refusal != nullptr) {
    RefuseHead(connection);
    return;
  }
  if (n <= 0) {
    Forget(connection, true);
    return;
  }
  const auto size = static_cast<size_t>(n);
  if (connection->state == Http1Connection::State::kLingering) {
    connection->lingered_bytes += size;
    if (connection->lingered_bytes > kLingerBytes) Forget(connection, true);
    return;
  }
  if (connection->deadline.list == ConnectionDeadlines::kIdle) {
    deadlines_.Set(connection, ConnectionDeadlines::kHead, now());
  }
  ReserveInput(connection, size);
  connection->in.append(buffer, size);
  ContinueReading(connection);
  // Skip if the input has become a request or a response.
  if (connection->fd >= 0 &&
      connection->state == Http1Connection::State::kReading) {
    CountInput(connection);
  }
}

void HttpListener::ContinueReading(Http1Connection* connection) {
  if (connection->refusal != nullptr) {
    ReadRefusedHead(connection);
    return;
  }
  if (connection->framing == nullptr && options_.http2 != nullptr &&
      IsHttp2(*connection)) {
    PassToHttp2(connection);
    return;
  }
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
      deadlines_.Set(connection, ConnectionDeadlines::kBody, now());
      // A client that has already sent part of the body needs no 100 Continue.
      if (framing.expects_continue() &&
          connection->in.size() == framing.end() && !SendContinue(connection)) {
        Forget(connection, true);
      }
      break;
    case RequestFraming::State::kComplete:
      PassOn(connection);
      break;
    case RequestFraming::State::kRefused:
      connection->refusal = std::make_unique<RefusedHead>(
          RefusedHead{framing.status(), framing.reason()});
      deadlines_.Set(connection, ConnectionDeadlines::kRefused, now());
      ReadRefusedHead(connection);
      break;
  }
}

// A browser shows a response to a page only if it has the CORS headers. They
// may depend on the Origin header, which may not have arrived yet.
void HttpListener::ReadRefusedHead(Http1Connection* connection) {
  if (options_.headers_need_origin && !HasWholeHead(connection->in) &&
      connection->in.size() <= kMaxRefusedHeadBytes) {
    return;
  }
  RefuseHead(connection);
}

void HttpListener::RefuseHead(Http1Connection* connection) {
  const std::unique_ptr<RefusedHead> refusal = std::move(connection->refusal);
  Refuse(connection, refusal->status, refusal->why);
}

// Whether the client has begun with the preface of HTTP/2, which no request of
// HTTP/1.1 is the same as (RFC 9113, 3.4), or may still do so. It begins no
// other.
bool HttpListener::IsHttp2(const Http1Connection& connection) const {
  return !options_.handshake.transport->has_handshake() &&
         absl::StartsWith(
             kHttp2Preface,
             absl::string_view(connection.in).substr(0, kHttp2Preface.size()));
}

// The connection leaves the listener once the preface is complete.
void HttpListener::PassToHttp2(Http1Connection* connection) {
  if (connection->in.size() < kHttp2Preface.size()) return;
  loop_.poller()->Remove(connection->fd);
  std::unique_ptr<Socket> socket = std::move(connection->shared->socket);
  std::string peer_address = std::move(connection->peer_address);
  std::string input = std::move(connection->in);
  Forget(connection, /*close_fd=*/false);
  options_.http2->Accept(std::move(socket), std::move(peer_address),
                         std::move(input));
}

bool HttpListener::SendContinue(Http1Connection* connection) {
  constexpr ssize_t kSize = sizeof kContinue - 1;
  const iovec part{const_cast<char*>(kContinue), kSize};
  return connection->socket().Send(&part, 1) == kSize;
}

void HttpListener::PassOn(Http1Connection* connection) {
  RequestFraming& framing = *connection->framing;
  ParsedRequest request;
  const int refused =
      httplib_->ParseHead(framing.head(connection->in), &request);
  HttpResponse refusal;
  if (refused != 0) {
    request.verb = framing.verb();
    refusal = HeadRefusal(refused, OriginIn(connection->in));
  }
  request.keep_alive = framing.keep_alive();
  request.body = framing.TakeBody();
  request.peer_address = connection->peer_address;
  auto exchange = std::make_shared<HttpExchange>(
      std::move(request),
      std::make_unique<Http1ConnectionHandle>(inbox_, connection->handle(),
                                              connection->shared));

  connection->minor_version = framing.minor_version();
  connection->probed = false;
  connection->exchange = exchange;
  const size_t bytes = framing.end();
  DropInput(connection, bytes);
  connection->framing.reset();
  connection->state = Http1Connection::State::kBusy;
  Count(connection, true);
  accounts_.SetWaiting(connection, false);
  // The rest of `in` is kept too.
  accounts_.SetHeld(connection, bytes + HeapBytes(connection->in));
  deadlines_.Clear(connection);
  if (refused != 0) {
    exchange->Respond(std::move(refusal));
  } else if (!sink_(exchange)) {
    if (options_.rejections != nullptr) options_.rejections->Add("503");
    exchange->Refuse(Refusal(503, "too many waiting requests; retry later",
                             OriginOf(exchange->headers())));
  }
}

// Returns the response to a head that httplib refuses. The framing has already
// checked that the head is well-formed, so usually the target is too long. The
// connection can be kept.
HttpResponse HttpListener::HeadRefusal(int status,
                                       absl::string_view origin) const {
  return status == 414 ? Refusal(414, "the request target is too long", origin)
                       : Refusal(400, "malformed request", origin);
}

void HttpListener::OnWaitingClient(Http1Connection* connection,
                                   uint32_t events) {
  if ((connection->watched & EPOLLIN) != 0) {
    // From now on do not watch for input, so that pipelined requests wait in
    // the kernel. Edge-triggered, because a half-closed connection stays
    // half-closed. Most clients send nothing while they wait, which saves two
    // system calls.
    connection->watched = EPOLLRDHUP | EPOLLET;
    inbox_->WatchUnlessDetached(*connection->shared, connection->handle(),
                                connection->watched);
  }
  const bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0 ||
                    (!connection->may_half_close && (events & EPOLLRDHUP) != 0);
  if (gone) {
    if (auto exchange = connection->exchange.lock()) exchange->Abort();
  } else if ((events & EPOLLRDHUP) && !connection->probed &&
             connection->minor_version >= 1) {
    connection->probed = true;
    inbox_->SendUnlessDetached(connection->shared.get(), kContinue);
  }
}

void HttpListener::Answer(Http1Connection* connection, std::string bytes,
                          bool keep_alive) {
  connection->exchange.reset();
  connection->out = std::exchange(connection->shared->unsent, "");
  if (connection->out.empty()) {
    connection->out = std::move(bytes);
  } else {
    connection->out += bytes;
  }
  connection->out_sent = 0;
  connection->keep_alive = keep_alive && accepting_;
  connection->state = Http1Connection::State::kWriting;
  accounts_.SetWaiting(connection, true);
  // While the response is being sent, only the listener holds it; it is freed
  // afterwards.
  accounts_.SetHeld(connection, HeapBytes(connection->in));
  Flush(connection);
}

void HttpListener::Flush(Http1Connection* connection) {
  Socket& socket = connection->socket();
  std::string& out = connection->out;
  ssize_t n = 0;
  while (connection->out_sent < out.size() && n >= 0) {
    const iovec part{out.data() + connection->out_sent,
                     out.size() - connection->out_sent};
    n = socket.Send(&part, 1);
    if (n > 0) connection->out_sent += static_cast<size_t>(n);
  }
  // The socket may still hold some of what it accepted.
  if (n >= 0) n = socket.Flush();
  if (n == Socket::kWouldBlock) {
    if (connection->deadline.list != ConnectionDeadlines::kWrite) {
      deadlines_.Set(connection, ConnectionDeadlines::kWrite, now());
    }
    accounts_.SetHeld(connection, HeapBytes(out) + HeapBytes(connection->in));
    Watch(connection, EPOLLOUT);
    return;
  }
  if (n < 0) {
    Forget(connection, true);
    return;
  }
  std::string().swap(out);
  CountInput(connection);
  AfterAnswer(connection);
}

void HttpListener::AfterAnswer(Http1Connection* connection) {
  Count(connection, false);
  if (!connection->keep_alive) {
    Linger(connection);
    return;
  }
  connection->state = Http1Connection::State::kReading;
  Watch(connection, EPOLLIN | EPOLLRDHUP);
  if (connection->in.empty()) {
    deadlines_.Set(connection, ConnectionDeadlines::kIdle, now());
  } else {
    deadlines_.Set(connection, ConnectionDeadlines::kHead, now());
    ContinueReading(connection);
  }
}

void HttpListener::Linger(Http1Connection* connection) {
  connection->socket().ShutdownWrite();
  connection->framing.reset();
  DropInput(connection, connection->in.size());
  CountInput(connection);
  connection->state = Http1Connection::State::kLingering;
  connection->lingered_bytes = 0;
  deadlines_.Set(connection, ConnectionDeadlines::kLinger, now());
  Watch(connection, EPOLLIN);
}

void HttpListener::Refuse(Http1Connection* connection, int status,
                          absl::string_view why) {
  if (options_.rejections != nullptr) {
    options_.rejections->Add(absl::StrCat(status));
  }
  const bool is_head =
      connection->framing != nullptr && connection->framing->verb() == "HEAD";
  std::string answer =
      SerializeResponse(Refusal(status, why, OriginIn(connection->in)),
                        /*keep_alive=*/false, is_head);
  // Nothing more is read from this connection.
  connection->refusal.reset();
  connection->framing.reset();
  DropInput(connection, connection->in.size());
  Answer(connection, std::move(answer), /*keep_alive=*/false);
}

}  // namespace sse_bridge
