#include "bridge/http2/http2_session_callbacks.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace sse_bridge {
namespace {

// How much of a request is read after it was answered.
constexpr size_t kMaxDiscardedBytes = size_t{2} << 20;

// Answers to the client's SETTINGS and PING that may wait.
constexpr size_t kMaxUnsentAcks = 100;

// For the headers of our responses, which are few and mostly the same. A table
// of the usual size would hold what never comes again, for as long as the
// connection lives.
constexpr size_t kTableBytes = 1024;

}  // namespace

Http2Session* Http2Session::Callbacks::Self(void* user) {
  return static_cast<Http2Session*>(user);
}

int Http2Session::Callbacks::OnBeginHeaders(nghttp2_session*,
                                            const nghttp2_frame* frame,
                                            void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS ||
      frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    return 0;  // trailers, which are ignored as in HTTP/1.1
  }
  Http2Session* const self = Self(user);
  auto stream = std::make_unique<Http2Stream>();
  stream->id = frame->hd.stream_id;
  stream->since_ns = self->now_;
  stream->request = std::make_unique<Http2Request>(&self->options_.framing);
  self->streams_[stream->id] = std::move(stream);
  return 0;
}

int Http2Session::Callbacks::OnHeader(nghttp2_session*,
                                      const nghttp2_frame* frame,
                                      const uint8_t* name, size_t name_size,
                                      const uint8_t* value, size_t value_size,
                                      uint8_t, void* user) {
  Http2Session* const self = Self(user);
  Http2Stream* const stream = self->Find(frame->hd.stream_id);
  if (stream == nullptr || frame->hd.type != NGHTTP2_HEADERS ||
      frame->headers.cat != NGHTTP2_HCAT_REQUEST ||
      stream->request == nullptr) {
    return 0;
  }
  if (stream->request->AddField(View(name, name_size),
                                View(value, value_size))) {
    return 0;
  }
  self->failure_ = Failure::kHead;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::Callbacks::OnFrame(nghttp2_session*,
                                     const nghttp2_frame* frame, void* user) {
  Http2Session* const self = Self(user);
  const int32_t id = frame->hd.stream_id;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      Http2Stream* const stream = self->Find(id);
      if (stream == nullptr) return 0;
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        stream->whole_request = true;
      }
      if (frame->hd.type == NGHTTP2_HEADERS &&
          frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        self->HeadComplete(stream);
      } else if (stream->whole_request) {
        self->RequestComplete(stream);
      }
      return 0;
    }
    case NGHTTP2_WINDOW_UPDATE:
      if (id == 0) {
        self->connection_window_ = std::max(
            self->connection_window_,
            nghttp2_session_get_remote_window_size(self->nghttp2_->session));
        self->all_writable_ = true;
      } else if (Http2Stream* const stream = self->Find(id)) {
        self->MakeWritable(stream);
      }
      return 0;
    case NGHTTP2_SETTINGS:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
        self->all_writable_ = true;
      }
      return 0;
    default:
      return 0;
  }
}

int Http2Session::Callbacks::OnData(nghttp2_session* session, uint8_t,
                                    int32_t id, const uint8_t* bytes,
                                    size_t size, void* user) {
  Http2Session* const self = Self(user);
  Http2Stream* const stream = self->Find(id);
  if (stream != nullptr && stream->request != nullptr) {
    stream->request->AddBody(View(bytes, size));
    self->CountRequest(stream);
    if (stream->request->refused() != 0) self->RequestComplete(stream);
  } else if (stream != nullptr) {
    // The rest of a request that was answered early. Not all clients read the
    // answer if they are told at once to stop (RFC 9113, 8.1).
    stream->discarded += size;
    if (stream->discarded > kMaxDiscardedBytes) {
      self->Reset(stream, NGHTTP2_NO_ERROR);
    }
  }
  // What is kept has limits of its own, and what is not is out of the way.
  return nghttp2_session_consume(session, id, size) == 0
             ? 0
             : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::Callbacks::OnClose(nghttp2_session*, int32_t id, uint32_t,
                                     void* user) {
  Http2Session* const self = Self(user);
  const auto it = self->streams_.find(id);
  if (it == self->streams_.end()) return 0;
  self->SetHeld(it->second.get(), 0);
  const std::unique_ptr<Http2Stream> closed = std::move(it->second);
  self->streams_.erase(it);
  self->observer_->OnClosed(closed.get());
  return 0;
}

int Http2Session::Callbacks::OnInvalid(nghttp2_session*,
                                       const nghttp2_frame* frame, int error,
                                       void* user) {
  Http2Session* const self = Self(user);
  // A stream that exists is reset. One that is refused is counted when the
  // client is told.
  if (error == NGHTTP2_ERR_REFUSED_STREAM ||
      self->Find(frame->hd.stream_id) == nullptr) {
    return 0;
  }
  self->guard_.ResetCaused(/*refused=*/false);
  if (!self->guard_.exhausted()) return 0;
  self->failure_ = Failure::kFlood;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::Callbacks::OnSent(nghttp2_session*,
                                    const nghttp2_frame* frame, void* user) {
  Http2Session* const self = Self(user);
  if (frame->hd.type == NGHTTP2_DATA) self->guard_.DataFrameSent();
  if (frame->hd.type == NGHTTP2_RST_STREAM &&
      frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM) {
    self->guard_.ResetCaused(/*refused=*/true);
  }
  // nghttp2 ends the connection itself because of most malformed frames.
  if (frame->hd.type == NGHTTP2_GOAWAY &&
      frame->goaway.error_code != NGHTTP2_NO_ERROR &&
      self->failure_ == Failure::kNone) {
    self->failure_ = Failure::kProtocol;
  }
  return 0;
}

ssize_t Http2Session::Callbacks::OnRead(nghttp2_session*, int32_t id, uint8_t*,
                                        size_t max, uint32_t* flags,
                                        nghttp2_data_source*, void* user) {
  Http2Session* const self = Self(user);
  Http2Stream* const stream = self->Find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (self->output_.full()) {
    stream->waiting = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (stream->state == Http2Stream::State::kAnswering) {
    const size_t left = stream->body.size() - stream->body_sent;
    const size_t size = std::min(left, max);
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (size == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }
  size_t size = stream->left;
  if (size > 0) size = std::min({size, max, self->Room(*stream)});
  if (size > 0) {
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return static_cast<ssize_t>(size);
  }
  if (stream->left > 0 || !stream->ended) return NGHTTP2_ERR_DEFERRED;
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  return 0;
}

int Http2Session::Callbacks::OnSendData(nghttp2_session*, nghttp2_frame* frame,
                                        const uint8_t* head, size_t size,
                                        nghttp2_data_source*, void* user) {
  constexpr size_t kHeadBytes = 9;
  Http2Session* const self = Self(user);
  Http2Stream* const stream = self->Find(frame->hd.stream_id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  self->output_.AppendOwn(View(head, kHeadBytes));
  if (stream->state == Http2Stream::State::kAnswering) {
    self->output_.AppendOwn(
        absl::string_view(stream->body).substr(stream->body_sent, size));
    stream->body_sent += size;
    stream->since_ns = self->now_;
    return 0;
  }
  stream->left -= size;
  while (size > 0) {
    const absl::string_view part(
        static_cast<const char*>(stream->parts->iov_base) + stream->part_offset,
        stream->parts->iov_len - stream->part_offset);
    const size_t taken = std::min(size, part.size());
    self->output_.AppendShared(part.substr(0, taken));
    size -= taken;
    stream->part_offset += taken;
    if (taken == part.size()) {
      ++stream->parts;
      stream->part_offset = 0;
    }
  }
  return 0;
}

const nghttp2_session_callbacks* Http2Session::Callbacks::All() {
  static const nghttp2_session_callbacks* const all = [] {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
                                                            OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                              OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks,
                                                                 OnInvalid);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnSent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, OnSendData);
    return callbacks;
  }();
  return all;
}

const nghttp2_option* Http2Session::Callbacks::SessionOptions() {
  static const nghttp2_option* const all = [] {
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_outbound_ack(option, kMaxUnsentAcks);
    nghttp2_option_set_max_deflate_dynamic_table_size(option, kTableBytes);
    return option;
  }();
  return all;
}

}  // namespace sse_bridge
