#ifndef SSE_BRIDGE_TESTS_SUPPORT_EVENTUALLY_H_
#define SSE_BRIDGE_TESTS_SUPPORT_EVENTUALLY_H_

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace sse_bridge::testing {

// Waits until it holds. False: it did not within that time.
inline bool Eventually(const std::function<bool()>& holds,
                       absl::Duration within = absl::Seconds(20)) {
  const absl::Time end = absl::Now() + within;
  while (absl::Now() < end) {
    if (holds()) return true;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return false;
}

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_SUPPORT_EVENTUALLY_H_
