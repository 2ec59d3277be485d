#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_WRITE_LIMITS_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_WRITE_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

// What the logs that write in the background, to Redis and to SQLite, share.
namespace sse_bridge {

// Maximum number and size of pending writes; more are rejected.
inline constexpr size_t kMaxWaiting = 100'000;
inline constexpr size_t kMaxWaitingBytes = 64 << 20;

// Interval of checks for events that are too old while nothing is written: a
// quarter of the age limit, within these bounds.
inline constexpr absl::Duration kShortestIdle = absl::Milliseconds(200);
inline constexpr absl::Duration kLongestIdle = absl::Seconds(60);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_WRITE_LIMITS_H_
