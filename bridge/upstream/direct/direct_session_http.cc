// HTTP/2 in a DirectSession: what nghttp2 calls, and streams.

#include <string.h>

#include <algorithm>

#include "bridge/upstream/direct/direct_session.h"

namespace sse_bridge {
namespace {

// The connection's window. Its bytes are consumed as they arrive, so it limits
// what is in flight, not what waits for a slow reader.
constexpr int kConnectionWindowBytes = 16 << 20;

// Header fields that nghttp2 may send for one call.
constexpr size_t kMaxSentFieldBytes = size_t{1} << 20;

nghttp2_nv Pair(const DirectSession::Field& field) {
  // Fields of one call are not indexed: they would displace the others.
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(field.name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(field.value.data())),
          field.name.size(), field.value.size(),
          static_cast<uint8_t>(field.indexed ? NGHTTP2_NV_FLAG_NONE
                                             : NGHTTP2_NV_FLAG_NO_INDEX)};
}

absl::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct DirectSession::Callbacks {
  static DirectSession* Of(void* data) {
    return static_cast<DirectSession*>(data);
  }

  // The fields that can belong to an answer.
  static DirectStream* AnsweredBy(const nghttp2_frame* frame, void* data) {
    return frame->hd.type == NGHTTP2_HEADERS
               ? Of(data)->StreamOf(frame->hd.stream_id)
               : nullptr;
  }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame,
                            void* data) {
    if (DirectStream* stream = AnsweredBy(frame, data)) stream->OnBlock();
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame,
                      const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t,
                      void* data) {
    DirectStream* stream = AnsweredBy(frame, data);
    if (stream != nullptr) {
      stream->OnField(View(name, name_size), View(value, value_size));
    }
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* data) {
    DirectSession* const self = Of(data);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA: {
        DirectStream* stream = self->StreamOf(frame->hd.stream_id);
        if (stream == nullptr) break;
        const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (last || frame->hd.type == NGHTTP2_HEADERS) {
          stream->OnBlockEnd(last);
        }
        break;
      }
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0 &&
            self->state_ == State::kSettings) {
          self->state_ = State::kOpen;
          self->ArmTimer();
          self->owner_->OnReady(self);
        }
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self->pinged_at_ = 0;
        break;
      case NGHTTP2_GOAWAY:
        self->goaway_ = true;
        if (frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM) {
          self->keepalive_ *= 2;
        }
        break;
      default:
        break;
    }
    return 0;
  }

  static int OnData(nghttp2_session* http, uint8_t, int32_t id,
                    const uint8_t* bytes, size_t size, void* data) {
    nghttp2_session_consume_connection(http, size);
    DirectStream* stream = Of(data)->StreamOf(id);
    if (stream != nullptr) {
      stream->OnData(View(bytes, size));
    } else {
      nghttp2_session_consume_stream(http, id, size);
    }
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t error,
                           void* data) {
    DirectSession* const self = Of(data);
    DirectStream* stream = self->StreamOf(id);
    if (stream == nullptr) return 0;
    self->Unlink(stream);
    stream->OnClosed(error, /*lost=*/false,
                     error == NGHTTP2_REFUSED_STREAM && self->goaway_);
    return 0;
  }

  static int OnNotSent(nghttp2_session*, const nghttp2_frame* frame, int error,
                       void* data) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    DirectSession* const self = Of(data);
    // nghttp2 does not know the stream yet.
    DirectStream* stream = self->first_;
    while (stream != nullptr && stream->id != frame->hd.stream_id) {
      stream = stream->next;
    }
    if (stream == nullptr) return 0;
    const bool goaway = error == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED ||
                        error == NGHTTP2_ERR_SESSION_CLOSING;
    self->Unlink(stream);
    stream->OnClosed(NGHTTP2_INTERNAL_ERROR, /*lost=*/false, goaway);
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* buffer,
                          size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    auto* const stream = static_cast<DirectStream*>(source->ptr);
    const size_t n = std::min(size, stream->body.size() - stream->body_sent);
    memcpy(buffer, stream->body.data() + stream->body_sent, n);
    stream->body_sent += n;
    if (stream->body_sent == stream->body.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return static_cast<ssize_t>(n);
  }

  static const nghttp2_session_callbacks* All() {
    static const nghttp2_session_callbacks* const all = [] {
      nghttp2_session_callbacks* made = nullptr;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made,
                                                              OnBeginHeaders);
      nghttp2_session_callbacks_set_on_header_callback(made, OnHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnData);
      nghttp2_session_callbacks_set_on_stream_close_callback(made,
                                                             OnStreamClose);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(made, OnNotSent);
      return made;
    }();
    return all;
  }
};

void DirectSession::BeginHttp() {
  state_ = State::kSettings;
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, kMaxSentFieldBytes);
  // Metadata may repeat what HTTP allows once; they are not HTTP's.
  const int made =
      nghttp2_session_client_new2(&http_, Callbacks::All(), this, option);
  nghttp2_option_del(option);
  if (made != 0) {
    Lose("out of memory");
    return;
  }
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
       static_cast<uint32_t>(options_->stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<uint32_t>(options_->max_metadata_bytes)},
      // Saves a tree of priorities.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(http_, NGHTTP2_FLAG_NONE, settings,
                          std::size(settings));
  nghttp2_session_set_local_window_size(http_, NGHTTP2_FLAG_NONE, 0,
                                        kConnectionWindowBytes);
  WantFlush();
  Read(/*to_end=*/true);
}

bool DirectSession::MayOpen() const {
  return state_ == State::kOpen && !goaway_ &&
         nghttp2_session_check_request_allowed(http_) != 0;
}

uint32_t DirectSession::max_streams() const {
  return nghttp2_session_get_remote_settings(
      http_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool DirectSession::HasSpace() const {
  return static_cast<uint32_t>(streams_) < max_streams();
}

bool DirectSession::Open(DirectStream* stream,
                         const std::vector<Field>& fields) {
  thread_local std::vector<nghttp2_nv> pairs;
  pairs.clear();
  pairs.reserve(fields.size());
  for (const Field& field : fields) pairs.push_back(Pair(field));
  nghttp2_data_provider body;
  body.source.ptr = stream;
  body.read_callback = Callbacks::ReadBody;
  const int32_t id = nghttp2_submit_request(http_, nullptr, pairs.data(),
                                            pairs.size(), &body, stream);
  if (id < 0) return false;
  if (streams_ == 0) heard_at_ = loop_->now();
  stream->id = id;
  Link(stream);
  WantFlush();
  return true;
}

void DirectSession::Release(DirectStream* stream, bool ended) {
  Unlink(stream);
  if (http_ == nullptr || state_ == State::kClosed) return;
  nghttp2_session_set_stream_user_data(http_, stream->id, nullptr);
  if (ended && stream->body_sent == stream->body.size()) return;
  nghttp2_submit_rst_stream(http_, NGHTTP2_FLAG_NONE, stream->id,
                            NGHTTP2_CANCEL);
  if (!in_http_) WantFlush();
}

void DirectSession::Consume(DirectStream* stream, size_t bytes) {
  if (http_ == nullptr || bytes == 0) return;
  nghttp2_session_consume_stream(http_, stream->id, bytes);
  if (!in_http_) WantFlush();
}

DirectStream* DirectSession::StreamOf(int32_t id) const {
  return static_cast<DirectStream*>(
      nghttp2_session_get_stream_user_data(http_, id));
}

void DirectSession::Link(DirectStream* stream) {
  stream->previous = nullptr;
  stream->next = first_;
  if (first_ != nullptr) first_->previous = stream;
  first_ = stream;
  ++streams_;
}

void DirectSession::Unlink(DirectStream* stream) {
  (stream->previous == nullptr ? first_ : stream->previous->next) =
      stream->next;
  if (stream->next != nullptr) stream->next->previous = stream->previous;
  stream->previous = stream->next = nullptr;
  --streams_;
}

}  // namespace sse_bridge
