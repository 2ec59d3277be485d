#ifndef SSE_BRIDGE_BRIDGE_NET_POLLER_H_
#define SSE_BRIDGE_BRIDGE_NET_POLLER_H_

#include <sys/epoll.h>

#include <cstdint>

#include "absl/status/status.h"

namespace sse_bridge {

// Waits for events of sockets and for Wake. Used on one thread, except for
// Remove and Wake.
class Poller {
 public:
  static constexpr int kMaxEvents = 512;
  // The `data` of the event that Wake causes. Reserved.
  static constexpr uint64_t kWakeData = ~uint64_t{0};

  Poller() = default;
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Called once, before any other method except Wake.
  absl::Status Start();

  // Input, space for output and the peer's end, each reported once when it
  // changes.
  static constexpr uint32_t kAllEdges =
      EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  // Reports `events` (as epoll's, level-triggered unless they include EPOLLET)
  // of `fd` until Remove, or until `fd` is closed. Returns 0, or the error
  // number.
  int Add(int fd, uint64_t data, uint32_t events);
  // Replaces what Add set.
  int Modify(int fd, uint64_t data, uint32_t events);
  // May be called on any thread. A Wait on another thread may still return an
  // event that it has found before.
  void Remove(int fd);

  // Waits up to `nanos`; -1 means without limit. `events` must have space for
  // kMaxEvents. Returns the number of events, or -1 and sets errno.
  int Wait(epoll_event* events, int64_t nanos);

  // Makes the current or next Wait return. May be called on any thread. Has no
  // effect before Start.
  void Wake();

 private:
  int Control(int operation, int fd, uint64_t data, uint32_t events) const;

  // Never change after Start.
  int epoll_ = -1;
  int wake_ = -1;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_POLLER_H_
