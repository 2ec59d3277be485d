#include "bridge/upstream/direct_session.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// The connection's window. Its bytes are consumed as they arrive, so it limits
// what is in flight, not what waits for a slow reader.
constexpr int kConnectionWindowBytes = 16 << 20;

// Header fields that nghttp2 may send for one call.
constexpr size_t kMaxSentFieldBytes = size_t{1} << 20;

// What is collected for one write.
constexpr size_t kWriteBytes = size_t{256} << 10;

// How often a socket is read before other sockets have their turn.
constexpr int kReadsPerRound = 8;

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

std::string ErrorText(int error) {
  char text[128];
  return strerror_r(error, text, sizeof text);
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

DirectSession::DirectSession(DirectLoop* loop, Owner* owner,
                             const Options* options,
                             std::unique_ptr<Socket> socket)
    : loop_(loop),
      owner_(owner),
      options_(options),
      socket_(std::move(socket)),
      timer_([](void* self) { static_cast<DirectSession*>(self)->OnTimer(); },
             this),
      keepalive_(options->keepalive_time) {}

DirectSession::~DirectSession() {
  if (watch_ != 0) loop_->Unwatch(watch_);
  if (http_ != nullptr) nghttp2_session_del(http_);
}

bool DirectSession::Start() {
  connect_until_ =
      loop_->now() + absl::ToInt64Nanoseconds(options_->connect_timeout);
  ArmTimer();
  watch_ = loop_->Watch(socket_->fd(), this);
  return watch_ != 0;
}

void DirectSession::OnEvent(uint32_t events) {
  switch (state_) {
    case State::kConnecting:
      if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) Connect();
      break;
    case State::kHandshake:
      Handshake();
      break;
    case State::kSettings:
    case State::kOpen:
      if (events & EPOLLOUT) WantFlush();
      if (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) {
        Read(/*to_end=*/(events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0);
      }
      break;
    case State::kClosed:
      break;
  }
}

void DirectSession::Connect() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_->fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    error = errno;
  }
  if (error != 0) {
    Lose(absl::StrCat("cannot connect: ", ErrorText(error)));
    return;
  }
  state_ = State::kHandshake;
  Handshake();
}

void DirectSession::Handshake() {
  switch (socket_->Handshake()) {
    case Socket::Progress::kDone:
      BeginHttp();
      break;
    case Socket::Progress::kFailed:
      Lose("the TLS handshake failed");
      break;
    default:
      break;
  }
}

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

void DirectSession::Read(bool to_end) {
  if (state_ != State::kSettings && state_ != State::kOpen) return;
  for (int i = 0; i < kReadsPerRound; ++i) {
    const ssize_t n = socket_->Recv(loop_->buffer(), DirectLoop::kBufferBytes);
    if (n == Socket::kWouldBlock) return;
    if (n <= 0) {
      Lose(n == 0 ? "the peer closed the connection" : "the connection broke");
      return;
    }
    heard_at_ = loop_->now();
    asked_ = false;
    in_http_ = true;
    const ssize_t taken = nghttp2_session_mem_recv(
        http_, reinterpret_cast<const uint8_t*>(loop_->buffer()),
        static_cast<size_t>(n));
    in_http_ = false;
    if (taken < 0) {
      // Says why, if it can.
      Flush();
      Lose(absl::StrCat("HTTP/2: ", nghttp2_strerror(static_cast<int>(taken))));
      return;
    }
    if (state_ == State::kClosed) {
      Teardown(/*told_owner=*/true);
      return;
    }
    if (goaway_ && !std::exchange(goaway_told_, true)) owner_->OnGoaway(this);
    if (state_ == State::kClosed) return;
    WantFlush();
    // There is no more now, but perhaps an end that has been reported already.
    if (!to_end && static_cast<size_t>(n) < DirectLoop::kBufferBytes &&
        socket_->unbuffered()) {
      return;
    }
  }
  loop_->ReadLater(watch_);
}

void DirectSession::WantFlush() {
  if (std::exchange(flushing_, true)) return;
  loop_->FlushLater(watch_);
}

void DirectSession::Flush() {
  flushing_ = false;
  if (state_ != State::kSettings && state_ != State::kOpen) return;
  for (;;) {
    if (out_sent_ < out_.size()) {
      const iovec part{out_.data() + out_sent_, out_.size() - out_sent_};
      const ssize_t n = socket_->Send(&part, 1);
      if (n == Socket::kWouldBlock) return;
      if (n < 0) {
        Lose("the connection broke");
        return;
      }
      out_sent_ += static_cast<size_t>(n);
      if (out_sent_ < out_.size()) continue;
    }
    if (out_.capacity() > kWriteBytes) std::string().swap(out_);
    out_.clear();
    out_sent_ = 0;
    if (const ssize_t n = socket_->Flush(); n != 0) {
      if (n != Socket::kWouldBlock) Lose("the connection broke");
      return;
    }
    in_http_ = true;
    while (out_.size() < kWriteBytes) {
      const uint8_t* bytes = nullptr;
      const ssize_t n = nghttp2_session_mem_send(http_, &bytes);
      if (n <= 0) break;
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    }
    in_http_ = false;
    if (state_ == State::kClosed) {
      Teardown(/*told_owner=*/true);
      return;
    }
    if (out_.empty()) break;
  }
  if (nghttp2_session_want_read(http_) == 0 &&
      nghttp2_session_want_write(http_) == 0) {
    Lose("the connection has ended");
  }
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

void DirectSession::Lose(std::string why) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  lost_in_http_ = std::move(why);
  if (!in_http_) Teardown(/*told_owner=*/true);
}

void DirectSession::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  Teardown(/*told_owner=*/false);
}

// Not within nghttp2.
void DirectSession::Teardown(bool told_owner) {
  timer_.Disarm();
  if (watch_ != 0) loop_->Unwatch(std::exchange(watch_, 0));
  while (DirectStream* stream = first_) {
    Unlink(stream);
    if (http_ != nullptr) {
      nghttp2_session_set_stream_user_data(http_, stream->id, nullptr);
    }
    stream->OnClosed(0, /*lost=*/true, /*unprocessed=*/false);
  }
  if (told_owner) owner_->OnLost(this, lost_in_http_);
}

void DirectSession::ArmTimer() {
  if (state_ != State::kOpen) {
    timer_.Arm(loop_, connect_until_);
    return;
  }
  if (keepalive_ <= absl::ZeroDuration()) {
    timer_.Disarm();
    return;
  }
  heard_at_ = std::max(heard_at_, loop_->now());
  timer_.Arm(loop_, loop_->now() + absl::ToInt64Nanoseconds(keepalive_ / 3));
}

void DirectSession::OnTimer() {
  if (state_ != State::kOpen) {
    Lose("the attempt to connect took too long");
    return;
  }
  const int64_t now = loop_->now();
  const int64_t time = absl::ToInt64Nanoseconds(keepalive_);
  const int64_t timeout = absl::ToInt64Nanoseconds(options_->keepalive_timeout);
  int64_t next = now + time / 3;
  if (pinged_at_ != 0 && heard_at_ < pinged_at_) {
    if (now - pinged_at_ >= timeout) {
      Lose("keepalive watchdog timeout");
      return;
    }
    next = pinged_at_ + timeout;
  } else if (streams_ == 0) {
    // Only connections with calls are checked.
    heard_at_ = now;
    pinged_at_ = 0;
  } else if (now - heard_at_ >= time) {
    pinged_at_ = now;
    nghttp2_submit_ping(http_, NGHTTP2_FLAG_NONE, nullptr);
    WantFlush();
    next = now + timeout;
  } else if (now - heard_at_ >= time / 3) {
    next = heard_at_ + time;
    if (!std::exchange(asked_, true)) owner_->OnQuiet(this);
  } else {
    next = heard_at_ + time / 3;
  }
  timer_.Arm(loop_, next);
}

}  // namespace sse_bridge
