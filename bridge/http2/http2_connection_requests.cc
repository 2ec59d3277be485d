// The requests on an Http2Connection: serving, answering, what they hold, and
// their timeouts.

#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>

#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bridge/http2/http2_connection.h"
#include "bridge/http2/http2_stream_socket.h"

namespace sse_bridge {
namespace {

// Requests that hold less are not refused to free memory.
constexpr size_t kSmallBytes = size_t{4} << 10;

// Connects an exchange to its stream.
class StreamHandle final : public ConnectionHandle {
 public:
  StreamHandle(std::shared_ptr<Http2Connection> connection, int32_t id)
      : connection_(std::move(connection)), id_(id) {}

  bool MayKeepAlive() override { return true; }
  void Hold(size_t bytes) override { connection_->Hold(id_, bytes); }
  void Respond(HttpResponse response, bool /*keep_alive*/,
               bool without_body) override {
    connection_->Respond(id_, std::move(response), without_body);
  }
  void Answer(std::string /*bytes*/, bool /*keep_alive*/) override {}
  std::unique_ptr<Socket> Detach() override {
    return std::make_unique<Http2StreamSocket>(connection_, id_);
  }

 private:
  const std::shared_ptr<Http2Connection> connection_;
  const int32_t id_;
};

}  // namespace

void Http2Connection::OnRequest(Http2Stream* stream) {
  Http2Request& read = *stream->request;
  served_any_ = true;
  if (read.refused() != 0) {
    const bool is_head = read.verb() == "HEAD";
    Respond(stream,
            server_->Refusal(read.refused(), read.reason(), read.headers()),
            is_head);
    return;
  }
  ParsedRequest request = read.Take();
  stream->request.reset();
  request.peer_address = peer_address_;
  auto exchange = std::make_shared<HttpExchange>(
      std::move(request),
      std::make_unique<StreamHandle>(shared_from_this(), stream->id));
  stream->exchange = exchange;
  stream->counted = server_->Pass(exchange);
  if (!stream->counted) {
    exchange->Refuse(server_->Refusal(
        503, "too many waiting requests; retry later", exchange->headers()));
  }
}

void Http2Connection::Uncount(Http2Stream* stream) {
  if (std::exchange(stream->counted, false)) server_->RequestDone();
}

void Http2Connection::OnClosed(Http2Stream* stream) {
  Uncount(stream);
  if (stream->state == Http2Stream::State::kStreaming) --streaming_;
  if (stream->watched) host_->Report(stream->data, EPOLLHUP);
  if (const auto exchange = stream->exchange.lock()) exchange->Abort();
}

void Http2Connection::Respond(Http2Stream* stream, HttpResponse response,
                              bool without_body) {
  stream->exchange.reset();
  Uncount(stream);
  session_->Respond(stream, std::move(response), without_body);
}

void Http2Connection::Respond(int32_t id, HttpResponse response,
                              bool without_body) {
  Post([self = shared_from_this(), id, response = std::move(response),
        without_body]() mutable {
    if (self->session_ == nullptr) return;
    Http2Stream* const stream = self->session_->Find(id);
    if (stream == nullptr || stream->state != Http2Stream::State::kBusy) return;
    self->Respond(stream, std::move(response), without_body);
    self->AfterEvents();
  });
}

void Http2Connection::Hold(int32_t id, size_t bytes) {
  Post([self = shared_from_this(), id, bytes] {
    if (self->session_ == nullptr) return;
    Http2Stream* const stream = self->session_->Find(id);
    if (stream == nullptr || stream->state != Http2Stream::State::kBusy ||
        stream->exchange.expired()) {
      return;
    }
    self->session_->SetHeld(stream, bytes);
    self->KeepHeld();
  });
}

void Http2Connection::KeepHeld() {
  while (session_->held_bytes() != reported_held_) {
    reported_held_ = session_->held_bytes();
    if (server_->SetHeld(number_, reported_held_)) return;
    RefuseLargest();
  }
}

void Http2Connection::RefuseLargest() {
  Http2Stream* largest = nullptr;
  session_->ForEach([&largest](Http2Stream* stream) {
    if (stream->held_bytes >= kSmallBytes &&
        (largest == nullptr || stream->held_bytes > largest->held_bytes)) {
      largest = stream;
    }
  });
  if (largest == nullptr) return;
  constexpr char kWhy[] = "too many large requests; retry later";
  switch (largest->state) {
    case Http2Stream::State::kReading: {
      const bool is_head = largest->request->verb() == "HEAD";
      HttpResponse refusal =
          server_->Refusal(503, kWhy, largest->request->headers());
      Respond(largest, std::move(refusal), is_head);
      break;
    }
    case Http2Stream::State::kBusy:
      session_->SetHeld(largest, 0);
      if (const auto exchange = largest->exchange.lock()) {
        exchange->Refuse(server_->Refusal(503, kWhy, exchange->headers()));
      }
      break;
    case Http2Stream::State::kAnswering:
    case Http2Stream::State::kStreaming:
      session_->SetHeld(largest, 0);
      session_->Reset(largest, NGHTTP2_ENHANCE_YOUR_CALM);
      break;
  }
}

void Http2Connection::CheckTimeouts() {
  const ConnectionOptions& options = server_->options();
  const int64_t now = host_->now();
  if (lingering_) {
    if (now >= linger_until_) Die("");
    return;
  }
  if (blocked_since_ != 0 &&
      now - blocked_since_ >= absl::ToInt64Nanoseconds(options.write_timeout)) {
    Die("write_timeout");
    return;
  }
  if (idle_) {
    const absl::Duration patience =
        served_any_ ? options.idle_timeout : options.head_timeout;
    if (now - idle_since_ >= absl::ToInt64Nanoseconds(patience)) {
      session_->GoAway();
      return;
    }
  }
  std::vector<Http2Stream*> late;
  session_->ForEach([&](Http2Stream* stream) {
    if (stream->state == Http2Stream::State::kBusy ||
        (stream->state == Http2Stream::State::kStreaming && !stream->ended)) {
      return;
    }
    const absl::Duration patience =
        stream->state == Http2Stream::State::kReading ? options.body_timeout
                                                      : options.write_timeout;
    if (now - stream->since_ns >= absl::ToInt64Nanoseconds(patience))
      late.push_back(stream);
  });
  for (Http2Stream* stream : late) {
    if (stream->state != Http2Stream::State::kReading) {
      session_->Reset(stream, stream->body_sent == stream->body.size()
                                  ? NGHTTP2_NO_ERROR
                                  : NGHTTP2_CANCEL);
    } else if (!stream->request->head_complete()) {
      // Nothing else can be read before the rest of its header block.
      session_->EndWith(Http2Session::Failure::kProtocol);
      ending_ = true;
    } else {
      HttpResponse refusal =
          server_->Refusal(408, "the request did not arrive in time",
                           stream->request->headers());
      Respond(stream, std::move(refusal), stream->request->verb() == "HEAD");
    }
  }
}

}  // namespace sse_bridge
