#include "bridge/upstream/direct/direct_session.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// What is collected for one write.
constexpr size_t kWriteBytes = size_t{256} << 10;

// How often a socket is read before other sockets have their turn.
constexpr int kReadsPerRound = 8;

std::string ErrorText(int error) {
  char text[128];
  return strerror_r(error, text, sizeof text);
}

}  // namespace

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
