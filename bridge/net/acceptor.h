#ifndef SSE_BRIDGE_BRIDGE_NET_ACCEPTOR_H_
#define SSE_BRIDGE_BRIDGE_NET_ACCEPTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "bridge/net/listening_socket.h"
#include "bridge/net/poller.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// Accepts connections from a listening socket. Keeps one descriptor in reserve:
// when the process runs out of descriptors, new connections are accepted with
// it and refused (503) instead of left hanging, and accepting stops for a while
// instead of spinning.
//
// Used on the listener's thread only. Times are monotonic nanoseconds.
class Acceptor {
 public:
  // Receives a plain connection. Returns false if space for the next one is
  // still being made, so that accepting pauses for a moment.
  using Accepted = std::function<bool(std::unique_ptr<Socket> socket,
                                      std::string peer_address)>;

  // Closes a descriptor that is worth less than a new connection. Returns false
  // if there is none.
  using MakeSpace = std::function<bool()>;

  // Receives a connection that cannot be served, answers it and closes it.
  using TurnAway = std::function<void(std::unique_ptr<Socket> socket)>;

  Acceptor(Accepted accepted, MakeSpace make_space, TurnAway turn_away);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Takes the socket even on failure. Adds it to `poller`, which must outlive
  // this, with `data` as the event's data.
  absl::Status Start(std::unique_ptr<ListeningSocket> socket, Poller* poller,
                     uint64_t data);

  // Accepts waiting connections, up to a limit. Call it when the socket is
  // ready and at `again_at_ns`.
  void Accept(int64_t now_ns);

  // Pauses accepting for a moment (see Accepted).
  void Pause(int64_t now_ns);

  // The time at which accepting resumes, or 0 if it is not paused.
  int64_t again_at_ns() const { return again_at_ns_; }

  // Closes the listening socket. Unless another process shares it, the kernel
  // then refuses new connections and resets waiting ones. `take_waiting`
  // accepts those first.
  void Close(bool take_waiting);

  // Prepares to close the socket of a port on which another process also
  // listens (SO_REUSEPORT). Refuses new handshakes, so that clients reach the
  // other process, and accepts connections whose handshake has begun, which
  // closing would reset. Call Close at `close_at_ns`.
  void Retire(int64_t now_ns);

  // 0 unless Retire was called.
  int64_t close_at_ns() const { return close_at_ns_; }

  bool closed() const { return socket_ == nullptr; }

 private:
  ListeningSocket::Result AcceptOne();
  bool TurnNewestAway();
  void Rest(int64_t until_ns);
  void WarnOfDescriptors(int64_t now_ns);

  const Accepted accepted_;
  const MakeSpace make_space_;
  const TurnAway turn_away_;
  std::unique_ptr<ListeningSocket> socket_;
  Poller* poller_ = nullptr;
  uint64_t data_ = 0;
  int64_t again_at_ns_ = 0;
  int64_t close_at_ns_ = 0;
  int64_t next_warning_ns_ = 0;
  bool pause_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_ACCEPTOR_H_
