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

// A token bucket for each name (an address): so many at once, and after that so
// many a second. A full bucket needs no memory, so what is kept is what came
// lately.
//
// Thread-safe. Times are monotonic nanoseconds.
class RateLimiter {
 public:
  struct Options {
    // 0: no limit.
    double per_second = 0;

    // What an idle name may do at once; at least 1.
    int burst = 1;

    // Names that are kept. Beyond it new ones are let through: a flood from
    // everywhere must not lock everybody out.
    size_t max_names = 100'000;
  };

  explicit RateLimiter(Options options);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // Takes one from the bucket. Zero: there was one. Else how long until there
  // is one.
  absl::Duration Take(absl::string_view name, int64_t now_ns);

  bool enabled() const { return interval_ns_ > 0; }

  // Names that are kept now.
  size_t names() const;

 private:
  void Forget(int64_t now_ns) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  const int64_t interval_ns_;  // 0: no limit

  mutable Mutex mu_;
  // When the bucket is full again.
  absl::flat_hash_map<std::string, int64_t> full_at_ ABSL_GUARDED_BY(mu_);
  int64_t forget_at_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_RATE_LIMITER_H_
