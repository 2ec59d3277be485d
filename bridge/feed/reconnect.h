#ifndef SSE_BRIDGE_BRIDGE_FEED_RECONNECT_H_
#define SSE_BRIDGE_BRIDGE_FEED_RECONNECT_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/base/random_fraction.h"

namespace sse_bridge {

// Which ends of a call count as a loss, and how long to retry (set per method
// by sse.v1.Reconnect).
struct ReconnectPolicy {
  // Zero disables retries.
  absl::Duration give_up_after = absl::Minutes(5);

  // Bit set, 1 << code.
  uint32_t codes = 1u << static_cast<int>(absl::StatusCode::kUnavailable);

  bool IsLoss(const absl::Status& status) const {
    return (codes >> static_cast<int>(status.code()) & 1) != 0 && !status.ok();
  }
};

// Exponential backoff with full jitter: each delay is a random value between
// zero and a bound that doubles.
class Backoff {
 public:
  static constexpr absl::Duration kFirst = absl::Milliseconds(100);
  static constexpr absl::Duration kLongest = absl::Seconds(5);

  absl::Duration Next() {
    const absl::Duration bound = std::min(kLongest, kFirst * (1 << failures_));
    failures_ = std::min(failures_ + 1, kMaxDoublings);
    return RandomFraction() * bound;
  }
  void Reset() { failures_ = 0; }

 private:
  static constexpr int kMaxDoublings = 10;
  int failures_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_RECONNECT_H_
