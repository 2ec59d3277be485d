#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CLOCK_WATCH_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CLOCK_WATCH_H_

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Notices that the time of day was set back. gRPC's timers wait until a time of
// day (by absl's condition variables), so that a wait under way then lasts
// longer by as much, and timers that are set meanwhile are late with it: hours,
// when the clock was set back by hours.
//
// Thread-safe.
class ClockWatch {
 public:
  // A clock that is slewed, and looks that were interrupted, are no jump.
  static constexpr absl::Duration kJump = absl::Seconds(1);

  // Whether gRPC's timers may be late, by both clocks as they are now. Jumps
  // are seen by looking: look before each call.
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

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CLOCK_WATCH_H_
