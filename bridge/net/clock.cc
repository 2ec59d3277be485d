#include "bridge/net/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace sse_bridge {
namespace {

class RealClock : public Clock {
 public:
  int64_t MonotonicNanos() override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  absl::Time WallTime() override { return absl::Now(); }
};

}  // namespace

Clock* Clock::Real() {
  static Clock* const clock = new RealClock;
  return clock;
}

}  // namespace sse_bridge
