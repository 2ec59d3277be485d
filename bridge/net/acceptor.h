#ifndef SSE_BRIDGE_BRIDGE_NET_ACCEPTOR_H_
#define SSE_BRIDGE_BRIDGE_NET_ACCEPTOR_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace sse_bridge {

// Takes connections from a listening socket, and keeps its head when the
// process runs out of descriptors: one is held in reserve, with which those
// that cannot be served are told so (503) instead of being left to hang, and
// accepting rests for a while instead of spinning.
//
// Of the listener's thread. Times are monotonic nanoseconds.
class Acceptor {
 public:
  // Gets a connection: non-blocking, and the callee's to close. False: space
  // for the next one is only being made, so accepting rests for a moment.
  using Accepted = std::function<bool(int fd, std::string peer_address)>;

  // Asked to give up a descriptor that is worth less than a new connection.
  // False: there is none.
  using MakeSpace = std::function<bool()>;

  // Gets a connection that cannot be served: to be told so, and closed.
  using TurnAway = std::function<void(int fd)>;

  Acceptor(Accepted accepted, MakeSpace make_space, TurnAway turn_away);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Takes over `listen_fd` (non-blocking) and watches it, with `handle` as the
  // events' data.
  absl::Status Start(int listen_fd, int epoll_fd, uint64_t handle);

  // Accepts what waits, up to a bound, to be called when the socket is ready
  // and when `again_at_ns` has come.
  void Accept(int64_t now_ns);

  // Accepting rests for a moment (see Accepted).
  void Pause(int64_t now_ns);

  // When accepting goes on after a rest; 0: it does not rest.
  int64_t again_at_ns() const { return again_at_ns_; }

  // Closes the listening socket. If no other process has it, the kernel refuses
  // connections from now on, and resets those that wait: `take_waiting` accepts
  // them first.
  void Close(bool take_waiting);

  // For a port on which another process listens too (SO_REUSEPORT): begins no
  // handshake any more, so that clients turn to the other, and takes those
  // connections whose handshake has begun here, which a close would reset. To
  // be followed by Close when `close_at_ns` has come.
  void Retire(int64_t now_ns);

  // 0: not retiring.
  int64_t close_at_ns() const { return close_at_ns_; }

  bool closed() const { return listen_fd_ < 0; }

 private:
  // False, with errno, when there is none to accept.
  bool AcceptOne();
  bool TurnNewestAway();
  void Rest(int64_t until_ns);
  void WarnOfDescriptors(int64_t now_ns);

  const Accepted accepted_;
  const MakeSpace make_space_;
  const TurnAway turn_away_;
  int listen_fd_ = -1;
  int epoll_fd_ = -1;
  uint64_t handle_ = 0;
  int reserve_fd_ = -1;
  int64_t again_at_ns_ = 0;
  int64_t close_at_ns_ = 0;
  int64_t next_warning_ns_ = 0;
  bool pause_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_ACCEPTOR_H_
