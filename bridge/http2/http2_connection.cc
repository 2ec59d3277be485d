#include "bridge/http2/http2_connection.h"

#include <sys/epoll.h>

#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace sse_bridge {
namespace {

constexpr size_t kReadBytes = size_t{16} << 10;

// How much of one client's input is read per round.
constexpr int kMaxReads = 4;

// How long the client may take to close, and how many bytes it may still send.
constexpr absl::Duration kLingerTime = absl::Seconds(2);
constexpr size_t kLingerBytes = size_t{1} << 20;

// How often timeouts are checked while there are any. Connections that must
// wait (Http2Server::MustWait) do so for as long.
constexpr absl::Duration kCheckEvery = absl::Seconds(1);

int64_t Nanos(absl::Duration duration) {
  return absl::ToInt64Nanoseconds(duration);
}

absl::string_view FailureName(Http2Session::Failure failure) {
  switch (failure) {
    case Http2Session::Failure::kNone:
      return "";
    case Http2Session::Failure::kFlood:
      return "flood";
    case Http2Session::Failure::kHead:
      return "head_too_large";
    case Http2Session::Failure::kProtocol:
      break;
  }
  return "protocol_error";
}

}  // namespace

Http2Connection::Http2Connection(std::shared_ptr<Http2Server> server,
                                 uint64_t number,
                                 std::unique_ptr<Socket> socket,
                                 std::string peer_address, std::string input)
    : server_(std::move(server)),
      number_(number),
      peer_address_(std::move(peer_address)),
      input_(std::move(input)),
      socket_(std::move(socket)) {}

Http2Connection::~Http2Connection() { server_->Closed(number_); }

int Http2Connection::Open(SharedConnectionHost* host) {
  host_ = host;
  loop_ = host->index();
  {
    MutexLock lock(&mu_);
    open_ = true;
  }
  socket_->SetStreamOptions(host->socket_options());
  Http2Session::Observer* const observer = this;
  session_ = std::make_unique<Http2Session>(&server_->session_options(),
                                            observer, host->now());
  delayed_ = server_->MustWait(number_, host->now());
  if (!delayed_) Begin();
  draining_ = server_->draining();
  if (draining_) session_->AnnounceGoAway();
  AfterEvents();
  return socket_->fd();
}

void Http2Connection::Begin() {
  idle_since_ = host_->now();
  if (!session_->Receive(std::exchange(input_, {}), host_->now())) {
    ending_ = true;
  }
}

void Http2Connection::OnEvent(uint32_t events) {
  if (session_ == nullptr) return;
  if ((events & EPOLLOUT) != 0 && session_->output().blocked()) {
    if (WriteOutput()) session_->OutputHasSpace();
  }
  if (session_ != nullptr && !delayed_ &&
      (events & (EPOLLIN | EPOLLRDHUP)) != 0) {
    Read(/*to_end=*/(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
  // The end of a client that is not read from.
  const uint32_t half = delayed_ ? uint32_t{EPOLLRDHUP} : 0;
  if ((events & (EPOLLHUP | EPOLLERR | half)) != 0) Die("");
  AfterEvents();
}

void Http2Connection::Read(bool to_end) {
  char buffer[kReadBytes];
  for (int i = 0; i < kMaxReads; ++i) {
    const ssize_t n = socket_->Recv(buffer, sizeof buffer);
    if (n == Socket::kWouldBlock) return;
    if (n <= 0) {
      Die("");
      return;
    }
    const auto size = static_cast<size_t>(n);
    if (lingering_ || ending_) {
      lingered_bytes_ += size;
      if (lingered_bytes_ > kLingerBytes) {
        Die("");
        return;
      }
    } else if (!session_->Receive(absl::string_view(buffer, size),
                                  host_->now())) {
      ending_ = true;
    }
    // There is no more now, but perhaps an end that has been reported already.
    if (!to_end && socket_->unbuffered() && size < sizeof buffer) return;
  }
  if (std::exchange(more_input_, true)) return;
  // The rest waits for the next round, so that others are not delayed.
  Post([self = shared_from_this()] {
    self->more_input_ = false;
    if (self->session_ == nullptr) return;
    self->Read(/*to_end=*/true);
    self->AfterEvents();
  });
}

void Http2Connection::AfterEvents() {
  if (session_ == nullptr) return;
  KeepHeld();
  host_->FlushLater(this);
}

bool Http2Connection::WriteOutput() {
  uint64_t writes = 0;
  const bool of_streams = session_->output().has_shared();
  const ssize_t result =
      session_->output().Flush(socket_.get(), &writes, &bytes_);
  if (of_streams) host_->CountWrites(writes);
  if (result == 0) {
    blocked_since_ = 0;
    return true;
  }
  if (result == Socket::kFailed) {
    Die("");
  } else if (blocked_since_ == 0) {
    blocked_since_ = host_->now();
  }
  return false;
}

void Http2Connection::Flush() {
  if (session_ == nullptr || lingering_) return;
  Http2Output& output = session_->output();
  while (!output.blocked()) {
    if (!session_->Pump()) {
      Die("protocol_error");
      return;
    }
    const bool full = output.full();
    if (!output.empty() && !WriteOutput()) break;
    if (full) session_->OutputHasSpace();
    const std::vector<int32_t> writable = session_->TakeWritable();
    if (!full && writable.empty()) break;
    for (const int32_t id : writable) {
      const Http2Stream* const stream = session_->Find(id);
      if (stream != nullptr && stream->watched) {
        host_->Report(stream->data, EPOLLOUT);
      }
    }
  }
  if (session_ == nullptr) return;
  if (draining_ && session_->streams() == 0) {
    session_->GoAway();
    if (!output.blocked() && session_->Pump() && !output.empty() &&
        !WriteOutput() && session_ == nullptr) {
      return;
    }
  }
  if (!output.blocked() && (ending_ || session_->over())) {
    CountEnd(FailureName(session_->failure()));
    socket_->ShutdownWrite();
    session_->DropStreams();
    KeepHeld();
    lingering_ = true;
    linger_until_ = host_->now() + Nanos(kLingerTime);
  }
  KeepHeld();  // less, once answers are sent
  const bool idle = session_->streams() == 0;
  if (idle != idle_) {
    idle_ = idle;
    if (idle) idle_since_ = host_->now();
  }
  if (const bool waits = WaitsForClient(); waits != waits_) {
    waits_ = waits;
    server_->SetIdle(number_, waits);
  }
  ArmTimer();
}

bool Http2Connection::WaitsForClient() const {
  if (streaming_ > 0) return false;
  bool waits = true;
  session_->ForEach([&waits](const Http2Stream* stream) {
    waits = waits && stream->state == Http2Stream::State::kReading;
  });
  return waits;
}

void Http2Connection::Post(std::function<void()> call) {
  MutexLock lock(&mu_);
  if (open_) server_->delivery()->Call(loop(), std::move(call));
}

void Http2Connection::CloseIfIdle() {
  Post([self = shared_from_this()] {
    if (self->session_ == nullptr || !self->WaitsForClient()) return;
    self->session_->GoAway();
    if (!self->session_->output().blocked() && self->session_->Pump() &&
        !self->session_->output().empty()) {
      self->WriteOutput();
    }
    self->Die("");
  });
}

void Http2Connection::DrainLater() {
  Post([self = shared_from_this()] {
    if (self->session_ == nullptr) return;
    self->draining_ = true;
    self->session_->AnnounceGoAway();
    self->AfterEvents();
  });
}

void Http2Connection::Drain() {
  if (session_ == nullptr) return;
  draining_ = true;
  session_->GoAway();
  AfterEvents();
}

// Streams that delivery writes have timeouts of their own.
void Http2Connection::ArmTimer() {
  const bool needed = lingering_ || blocked_since_ != 0 || idle_ ||
                      session_->streams() > streaming_;
  if (!needed || std::exchange(timer_armed_, true)) return;
  host_->SetTimer(this, host_->now() + Nanos(kCheckEvery));
}

void Http2Connection::OnTimer() {
  timer_armed_ = false;
  if (session_ == nullptr) return;
  if (std::exchange(delayed_, false)) {
    Begin();
    Read(/*to_end=*/true);
    if (session_ == nullptr) return;
  }
  CheckTimeouts();
  if (session_ == nullptr) return;
  AfterEvents();
  ArmTimer();
}

void Http2Connection::CountEnd(absl::string_view why) {
  if (why.empty() || std::exchange(end_counted_, true)) return;
  if (server_->ended() != nullptr) server_->ended()->Add(std::string(why));
  if (session_->failure() != Http2Session::Failure::kNone) {
    server_->RememberEnd(number_, host_->now());
  }
}

void Http2Connection::Die(absl::string_view why) {
  if (session_ == nullptr) return;
  CountEnd(why.empty() ? FailureName(session_->failure()) : why);
  Close();
  host_->Remove(this);
}

void Http2Connection::Close() {
  {
    MutexLock lock(&mu_);
    open_ = false;
  }
  if (session_ == nullptr) return;
  const std::unique_ptr<Http2Session> session = std::move(session_);
  session->DropStreams();
  socket_.reset();
  server_->Closed(number_);
}

}  // namespace sse_bridge
