#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CLOCK_WATCH_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CLOCK_WATCH_H_

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Detects that the system clock was set back. gRPC's timers wait until a
// wall-clock time (through absl's condition variables), so setting the clock
// back delays pending and new timers by the same amount, possibly by hours.
//
// Thread-safe.
class ClockWatch {
 public:
  // Smaller differences are ignored: the clock may be slewed, and the two
  // clocks are not read at the same instant.
  static constexpr absl::Duration kJump = absl::Seconds(1);

  // Returns whether gRPC's timers may be late, given both clocks' current
  // times. Detects a jump only by comparing with the previous call, so call it
  // before each gRPC call.
  bool TimersLate(absl::Time wall, absl::Duration monotonic) {
    MutexLock lock(&mu_);
    const absl::Time offset = wall - monotonic;
    const absl::Duration back = offset_ - offset;
    offset_ = offset;
    if (back > kJump) late_until_ = std::max(late_until_, monotonic + back);
    return monotonic < late_until_;
  }

 private:
  Mutex mu_;
  absl::Time offset_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Duration late_until_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CLOCK_WATCH_H_
