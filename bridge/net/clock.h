#ifndef SSE_BRIDGE_BRIDGE_NET_CLOCK_H_
#define SSE_BRIDGE_BRIDGE_NET_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"

namespace sse_bridge {

// The time as components see it. Tests replace it to control the time.
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes backwards. The origin is arbitrary.
  virtual int64_t MonotonicNanos() = 0;
  virtual absl::Time WallTime() = 0;

  // The system clock. Never destroyed.
  static Clock* Real();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_CLOCK_H_
