#include "bridge/delivery/stream_deadlines.h"

#include <algorithm>

#include "absl/time/time.h"
#include "bridge/delivery/loop_context.h"

namespace sse_bridge {
namespace {

// StreamSpec::keep_alive is an upper bound: each connection uses a random
// interval between this fraction of it and the whole.
constexpr double kKeepAliveJitter = 0.75;
constexpr double kMaxAgeJitter = 0.1;

double Nanos(absl::Duration duration) {
  return static_cast<double>(absl::ToInt64Nanoseconds(duration));
}

}  // namespace

void StreamDeadlines::Init(const StreamSpec& spec, LoopContext* context) {
  opened = context->now;
  if (spec.keep_alive > absl::ZeroDuration() &&
      spec.keep_alive != absl::InfiniteDuration()) {
    keep_alive = static_cast<int64_t>(Nanos(spec.keep_alive) *
                                      context->Random(kKeepAliveJitter, 1));
  }
  if (spec.expires != absl::InfiniteFuture()) {
    // A century is effectively never, and does not overflow.
    const absl::Duration left =
        std::clamp(spec.expires - context->clock->WallTime(),
                   absl::ZeroDuration(), absl::Hours(24 * 36525));
    expires = context->now + absl::ToInt64Nanoseconds(left);
  }
  if (spec.max_age > absl::ZeroDuration() &&
      spec.max_age < absl::Hours(24 * 36525)) {
    max_age =
        context->now + static_cast<int64_t>(Nanos(spec.max_age) *
                                            context->Random(1 - kMaxAgeJitter,
                                                            1 + kMaxAgeJitter));
  }
}

int64_t StreamDeadlines::NextWhileOpen(int64_t last_sent, int64_t now) const {
  const int64_t next = std::min({expires, max_age, drain});
  if (keep_alive <= 0) return next;
  int64_t ping = last_sent + keep_alive;
  if (ping <= now) ping = now + keep_alive;
  return std::min(next, ping);
}

bool StreamDeadlines::KeepAliveDue(int64_t last_sent, int64_t now) const {
  // A tick early rather than late.
  return keep_alive > 0 &&
         now + TimerWheel::kTickNanos > last_sent + keep_alive;
}

}  // namespace sse_bridge
