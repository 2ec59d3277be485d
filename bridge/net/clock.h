#ifndef SSE_BRIDGE_BRIDGE_NET_CLOCK_H_
#define SSE_BRIDGE_BRIDGE_NET_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"

namespace sse_bridge {

// Where delivery takes its time from, so that tests can step it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes back; the origin is arbitrary.
  virtual int64_t MonotonicNanos() = 0;
  virtual absl::Time WallTime() = 0;

  // The machine's.
  static Clock* Real();
};

// Of the machine's clock, where no test steps the time.
inline int64_t NowNs() { return Clock::Real()->MonotonicNanos(); }

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_CLOCK_H_
