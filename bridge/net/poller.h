#ifndef SSE_BRIDGE_BRIDGE_NET_POLLER_H_
#define SSE_BRIDGE_BRIDGE_NET_POLLER_H_

#include <sys/epoll.h>

#include <cstdint>

#include "absl/status/status.h"

namespace sse_bridge {

// Waits for events of sockets and for Wake. Used on one thread, except for
// Remove and Wake. A Network creates the one that watches its sockets.
class Poller {
 public:
  static constexpr int kMaxEvents = 512;
  // The `data` of the event that Wake causes. Reserved.
  static constexpr uint64_t kWakeData = ~uint64_t{0};
  // Input, space for output and the peer's end, each reported once when it
  // changes.
  static constexpr uint32_t kAllEdges =
      EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  virtual ~Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Called once, before any other method except Wake.
  virtual absl::Status Start() = 0;

  // Reports `events` (as epoll's, level-triggered unless they include EPOLLET)
  // of the socket until Remove, or until it is closed. `fd` is Socket::fd() or
  // ListeningSocket::fd(). Returns 0, or the error number.
  virtual int Add(int fd, uint64_t data, uint32_t events) = 0;
  // Replaces what Add set.
  virtual int Modify(int fd, uint64_t data, uint32_t events) = 0;
  // May be called on any thread. A Wait on another thread may still return an
  // event that it has found before.
  virtual void Remove(int fd) = 0;

  // Waits up to `nanos`; -1 means without limit. `events` must have space for
  // kMaxEvents. Returns the number of events, or -1 and sets errno.
  virtual int Wait(epoll_event* events, int64_t nanos) = 0;

  // Makes the current or next Wait return. May be called on any thread. Has no
  // effect before Start.
  virtual void Wake() = 0;

 protected:
  Poller() = default;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_POLLER_H_
