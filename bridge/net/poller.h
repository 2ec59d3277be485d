#ifndef SSE_BRIDGE_BRIDGE_NET_POLLER_H_
#define SSE_BRIDGE_BRIDGE_NET_POLLER_H_

#include <sys/epoll.h>

#include <cstdint>

#include "absl/status/status.h"

namespace sse_bridge {

// Waits for events of sockets, edge-triggered, and for Wake. Used on one
// thread, except for Wake.
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

  // Reports input, space for output and the peer's end of `fd`, which closing
  // `fd` ends. Returns 0, or the error number.
  int Add(int fd, uint64_t data);

  // Waits up to `nanos`; -1 means without limit. `events` must have space for
  // kMaxEvents. Returns the number of events, or -1 and sets errno.
  int Wait(epoll_event* events, int64_t nanos);

  // Makes the current or next Wait return. May be called on any thread. Has no
  // effect before Start.
  void Wake();

 private:
  // Never change after Start.
  int epoll_ = -1;
  int wake_ = -1;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_POLLER_H_
