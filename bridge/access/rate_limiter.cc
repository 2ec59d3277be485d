#include "bridge/access/rate_limiter.h"

#include <algorithm>

namespace sse_bridge {
namespace {

constexpr double kNanos = 1e9;

// How often full buckets are removed.
constexpr int64_t kForgetIntervalNs = 10'000'000'000;

}  // namespace

RateLimiter::RateLimiter(Options options)
    : options_(options),
      interval_ns_(options.per_second > 0
                       ? std::max<int64_t>(1, static_cast<int64_t>(
                                                  kNanos / options.per_second))
                       : 0) {}

absl::Duration RateLimiter::Take(absl::string_view name, int64_t now_ns) {
  if (!enabled()) return absl::ZeroDuration();
  MutexLock lock(&mu_);
  if (now_ns >= forget_at_) Forget(now_ns);
  const auto it = full_at_.find(name);
  const int64_t full_at =
      it == full_at_.end() ? now_ns : std::max(it->second, now_ns);
  const int64_t wait =
      full_at - now_ns - (std::max(options_.burst, 1) - 1) * interval_ns_;
  if (wait > 0) return absl::Nanoseconds(wait);
  if (it != full_at_.end()) {
    it->second = full_at + interval_ns_;
  } else if (full_at_.size() < options_.max_names) {
    full_at_.emplace(name, full_at + interval_ns_);
  }
  return absl::ZeroDuration();
}

void RateLimiter::Forget(int64_t now_ns) {
  forget_at_ = now_ns + kForgetIntervalNs;
  absl::erase_if(
      full_at_, [now_ns](const auto& entry) { return entry.second <= now_ns; });
}

size_t RateLimiter::names() const {
  MutexLock lock(&mu_);
  return full_at_.size();
}

}  // namespace sse_bridge
