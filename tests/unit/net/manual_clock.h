#ifndef SSE_BRIDGE_TESTS_UNIT_NET_MANUAL_CLOCK_H_
#define SSE_BRIDGE_TESTS_UNIT_NET_MANUAL_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "bridge/net/clock.h"

namespace sse_bridge {

// A clock that only a test moves. A loop that sleeps must be woken to notice.
class ManualClock : public Clock {
 public:
  int64_t MonotonicNanos() override { return nanos_.load(); }
  absl::Time WallTime() override {
    return absl::FromUnixSeconds(1'700'000'000) +
           absl::Nanoseconds(nanos_.load());
  }
  void Advance(absl::Duration by) { nanos_ += absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> nanos_{1'000'000'000'000};
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_NET_MANUAL_CLOCK_H_
