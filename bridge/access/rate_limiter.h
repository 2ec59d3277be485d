#ifndef SSE_BRIDGE_BRIDGE_ACCESS_RATE_LIMITER_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_RATE_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// A token bucket per name (an address): a burst, then a steady rate. Full
// buckets use no memory, so only recently active names are stored.
//
// Thread-safe. Times are monotonic nanoseconds.
class RateLimiter {
 public:
  struct Options {
    // 0 disables the limit.
    double per_second = 0;

    // Bucket size; at least 1.
    int burst = 1;

    // Maximum number of stored names. Beyond it new names are not limited: a
    // distributed flood must not lock everybody out.
    size_t max_names = 100'000;
  };

  explicit RateLimiter(Options options);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // Takes one token. Returns zero on success, otherwise the time until the next
  // token is available.
  absl::Duration Take(absl::string_view name, int64_t now_ns);

  bool enabled() const { return interval_ns_ > 0; }

  // Number of stored names.
  size_t names() const;

 private:
  void Forget(int64_t now_ns) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  const int64_t interval_ns_;  // 0: no limit

  mutable Mutex mu_;
  // Time when the bucket is full again.
  absl::flat_hash_map<std::string, int64_t> full_at_ ABSL_GUARDED_BY(mu_);
  int64_t forget_at_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_RATE_LIMITER_H_
