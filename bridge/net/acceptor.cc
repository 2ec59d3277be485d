#include "bridge/net/acceptor.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace sse_bridge {
namespace {

using Result = ListeningSocket::Result;

// After this many, existing connections get their turn.
constexpr int kAcceptsPerRound = 256;

// How long accepting stops when the process is out of file descriptors.
constexpr int64_t kRestNs = 50'000'000;

// How long accepting pauses while space for the next connection is made.
constexpr int64_t kPauseNs = 2'000'000;

// The warning about descriptors is logged at most this often.
constexpr int64_t kWarningIntervalNs = 10'000'000'000;

// How many waiting connections are accepted before the socket is closed.
constexpr int kMaxLastAccepts = 8192;

// TCP handshakes that have begun get this long to complete. A client whose
// handshake was refused sends its SYN again after a second: by then this socket
// must be closed, so that the other process's socket receives it.
constexpr int64_t kHandshakeNs = 500'000'000;

}  // namespace

Acceptor::Acceptor(Accepted accepted, MakeSpace make_space, TurnAway turn_away)
    : accepted_(std::move(accepted)),
      make_space_(std::move(make_space)),
      turn_away_(std::move(turn_away)) {}

Acceptor::~Acceptor() { Close(/*take_waiting=*/false); }

absl::Status Acceptor::Start(std::unique_ptr<ListeningSocket> socket,
                             Poller* poller, uint64_t data) {
  socket_ = std::move(socket);
  poller_ = poller;
  data_ = data;
  if (!socket_->KeepReserve() ||
      poller_->Add(socket_->fd(), data_, EPOLLIN) != 0) {
    return absl::ResourceExhaustedError(
        "cannot watch the listening socket: out of file descriptors");
  }
  return absl::OkStatus();
}

void Acceptor::Close(bool take_waiting) {
  if (closed()) return;
  for (int i = 0; take_waiting && i < kMaxLastAccepts; ++i) {
    const Result result = AcceptOne();
    if (result != Result::kAccepted && result != Result::kRetry) break;
  }
  // Closing does not remove a socket that another process shares.
  poller_->Remove(socket_->fd());
  socket_.reset();
  again_at_ns_ = close_at_ns_ = 0;
}

void Acceptor::Retire(int64_t now_ns) {
  if (closed()) return;
  // Otherwise connections that arrive between the last accept and the close are
  // reset.
  if (!socket_->RefuseNewHandshakes()) {
    spdlog::warn(
        "cannot refuse new connections on the old socket: some may be reset "
        "while another process takes over the port");
  }
  close_at_ns_ = now_ns + kHandshakeNs;
}

Result Acceptor::AcceptOne() {
  AcceptedConnection connection;
  const Result result = socket_->Accept(&connection);
  if (result == Result::kAccepted) {
    pause_ = !accepted_(std::move(connection.socket),
                        std::move(connection.peer_address));
  }
  return result;
}

void Acceptor::Accept(int64_t now_ns) {
  if (closed()) return;
  if (again_at_ns_ != 0) {
    again_at_ns_ = 0;
    socket_->KeepReserve();
    poller_->Modify(socket_->fd(), data_, EPOLLIN);
  }
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    pause_ = false;
    switch (AcceptOne()) {
      case Result::kAccepted:
        if (pause_) return Pause(now_ns);
        break;
      case Result::kRetry:
        break;
      case Result::kNone:
        return;
      case Result::kNoDescriptors:
        if (make_space_()) break;
        for (int turned = 0; turned < kAcceptsPerRound && TurnNewestAway();) {
          ++turned;
        }
        [[fallthrough]];
      case Result::kNoMemory:
        WarnOfDescriptors(now_ns);
        return Rest(now_ns + kRestNs);
    }
  }
}

void Acceptor::WarnOfDescriptors(int64_t now_ns) {
  if (now_ns < next_warning_ns_) return;
  next_warning_ns_ = now_ns + kWarningIntervalNs;
  spdlog::warn("out of file descriptors: refusing new connections");
}

void Acceptor::Pause(int64_t now_ns) {
  if (!closed()) Rest(now_ns + kPauseNs);
}

void Acceptor::Rest(int64_t until_ns) {
  again_at_ns_ = until_ns;
  // The socket must not wake the loop in the meantime.
  poller_->Modify(socket_->fd(), data_, /*events=*/0);
}

bool Acceptor::TurnNewestAway() {
  std::unique_ptr<Socket> newest = socket_->AcceptWithReserve();
  const bool accepted = newest != nullptr;
  if (accepted) turn_away_(std::move(newest));
  return socket_->KeepReserve() && accepted;
}

}  // namespace sse_bridge
