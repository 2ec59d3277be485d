// How the listener keeps its connections within their limits.

#include <sys/uio.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/http/http2_acceptor.h"
#include "bridge/http/http_error.h"
#include "bridge/http/http_listener.h"

namespace sse_bridge {
namespace {

// A connection that has waited for its client this long is considered slow.
constexpr int64_t kSlowNs = 1'000'000'000;

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

// How many connections are read in search of one that may be closed.
constexpr int kReadsForSpace = 64;

// How often a connection is read between a refusal and its close.
constexpr int kReadsBeforeClose = 2;

}  // namespace

// Closes a connection that waits for its client, so that a new one fits. In
// order of preference: a connection that has sent its last answer; one whose
// request has been arriving for a while, as silent and half-open ones do; an
// idle one, which clients must handle (RFC 9112, 9.5); any other that has not
// sent its whole request or has not read its answer. The oldest of each kind is
// chosen.
HttpListener::Space HttpListener::MakeSpace() {
  using Deadlines = ConnectionDeadlines;
  const auto is_old = [&](const Http1Connection& connection,
                          int64_t min_age_ns) {
    return min_age_ns == 0 ||
           now() - deadlines_.SetAt(connection) >= min_age_ns;
  };
  const auto close_first = [&](ConnectionDeadlines::List list,
                               int64_t min_age_ns) {
    Http1Connection* connection = deadlines_.First(list);
    if (connection == nullptr || !is_old(*connection, min_age_ns)) return false;
    Forget(connection, true);
    return true;
  };
  // Read first: a whole request may be waiting in the socket.
  const auto close_first_head = [&](int64_t min_age_ns) {
    for (int i = 0; i < kReadsForSpace; ++i) {
      Http1Connection* connection = deadlines_.First(Deadlines::kHead);
      if (connection == nullptr || !is_old(*connection, min_age_ns)) {
        return false;
      }
      OnReadable(connection);
      if (connection->fd < 0) return true;
      if (connection->deadline.list == Deadlines::kHead) {
        Forget(connection, true);
        return true;
      }
    }
    return false;
  };
  if (close_first(Deadlines::kLinger, 0) ||
      close_first(Deadlines::kRefused, 0) || close_first_head(kSlowNs)) {
    return Space::kMade;
  }
  if (handshakes_.DropOldest(now() - kSlowNs)) return Space::kSoon;
  if (close_first(Deadlines::kBody, kSlowNs) ||
      close_first(Deadlines::kIdle, 0) || close_first_head(0)) {
    return Space::kMade;
  }
  if (handshakes_.DropOldest(now())) return Space::kSoon;
  if (options_.http2 != nullptr && options_.http2->CloseLongestIdle()) {
    return Space::kSoon;
  }
  return close_first(Deadlines::kBody, 0) ||
                 close_first(Deadlines::kWrite, kSlowNs)
             ? Space::kMade
             : Space::kNone;
}

bool HttpListener::CloseLongestIdle() {
  Http1Connection* connection = deadlines_.First(ConnectionDeadlines::kIdle);
  if (connection == nullptr) return false;
  Forget(connection, true);
  return true;
}

void HttpListener::KeepBounds() {
  const size_t elsewhere =
      options_.http2 == nullptr ? 0 : options_.http2->held_bytes();
  while (Http1Connection* connection = accounts_.MustGiveBytes(elsewhere)) {
    GiveBytes(connection);
  }
}

void HttpListener::GiveBytes(Http1Connection* connection) {
  constexpr char kWhy[] = "too many large requests; retry later";
  switch (connection->state) {
    case Http1Connection::State::kReading:
      Refuse(connection, 503, kWhy);
      break;
    case Http1Connection::State::kBusy:
      // Its answer counts when it arrives, whether it is this one or one that
      // was posted before.
      accounts_.SetHeld(connection, 0);
      if (auto exchange = connection->exchange.lock()) {
        if (options_.rejections != nullptr) options_.rejections->Add("503");
        exchange->Refuse(Refusal(503, kWhy, OriginOf(exchange->headers())));
      }
      connection->exchange.reset();
      break;
    case Http1Connection::State::kWriting:
    case Http1Connection::State::kLingering:
      Forget(connection, true);
      break;
  }
}

// A string keeps its capacity when it shrinks. A short string needs no heap
// memory.
size_t HttpListener::HeapBytes(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() : 0;
}

void HttpListener::CountInput(Http1Connection* connection) {
  size_t bytes = HeapBytes(connection->in);
  size_t expected = 0;
  if (const auto* framing = connection->framing.get(); framing != nullptr) {
    bytes += framing->buffered_bytes();
    if (framing->state() == RequestFraming::State::kBody) {
      expected = framing->expected_end();
    }
  }
  accounts_.SetHeld(connection, bytes, expected);
}

// Grows the input geometrically, but not beyond the end of the request if that
// is known. The capacity counts against the limit, and could otherwise be twice
// what is needed.
void HttpListener::ReserveInput(Http1Connection* connection, size_t bytes) {
  std::string& in = connection->in;
  const size_t needed = in.size() + bytes;
  if (needed <= in.capacity() || connection->framing == nullptr ||
      connection->framing->state() != RequestFraming::State::kBody) {
    return;
  }
  const size_t end = connection->framing->expected_end();
  if (end < needed || end >= 2 * in.capacity()) return;
  std::string grown;
  grown.reserve(end);
  grown.append(in);
  in.swap(grown);
}

// Drops the first `bytes` of the input.
void HttpListener::DropInput(Http1Connection* connection, size_t bytes) {
  // Swap, because assignment may keep the allocated memory.
  std::string rest = connection->in.substr(bytes);
  connection->in.swap(rest);
}

HttpResponse HttpListener::Refusal(int status, absl::string_view why,
                                   absl::string_view origin) const {
  HttpResponse response = ErrorResponse(status, StatusName(status), why);
  if (options_.headers_for_origin) {
    for (auto& header : options_.headers_for_origin(origin)) {
      response.headers.push_back(std::move(header));
    }
  }
  return response;
}

// Refuses a connection for which there is no space.
void HttpListener::TurnAway(std::unique_ptr<Socket> socket) const {
  if (options_.rejections != nullptr) options_.rejections->Add("503");
  AnswerAndClose(
      std::move(socket),
      ErrorResponse(503, "UNAVAILABLE", "the bridge is full; retry later"));
}

// Refuses a connection whose address connects too often. Also called on the
// threads of the handshakes.
void HttpListener::RefuseRate(std::unique_ptr<Socket> socket,
                              absl::Duration wait) const {
  if (options_.rejections != nullptr) options_.rejections->Add("429");
  AnswerAndClose(std::move(socket), TooManyConnections(wait));
}

// Sends as much of a short answer as the socket accepts without blocking, and
// closes the connection, whose handshake has not begun.
void HttpListener::AnswerAndClose(std::unique_ptr<Socket> socket,
                                  HttpResponse answer) const {
  if (options_.handshake.transport->has_handshake()) return;
  // Read what has arrived: closing with unread bytes sends a reset, which can
  // destroy the answer.
  char request[8192];
  ssize_t n = socket->Recv(request, sizeof request);
  if (options_.headers_for_origin) {
    const absl::string_view seen(request, n > 0 ? static_cast<size_t>(n) : 0);
    for (auto& header : options_.headers_for_origin(OriginIn(seen))) {
      answer.headers.push_back(std::move(header));
    }
  }
  std::string bytes = SerializeResponse(answer, /*keep_alive=*/false,
                                        /*without_body=*/false);
  const iovec part{bytes.data(), bytes.size()};
  socket->Send(&part, 1);
  socket->ShutdownWrite();
  for (int i = 0; n > 0 && i < kReadsBeforeClose; ++i) {
    n = socket->Recv(request, sizeof request);
  }
}

}  // namespace sse_bridge
