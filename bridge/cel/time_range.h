#ifndef SSE_BRIDGE_BRIDGE_CEL_TIME_RANGE_H_
#define SSE_BRIDGE_BRIDGE_CEL_TIME_RANGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/cel/value.h"

namespace sse_bridge::cel {

// Timestamps are of the years 1 to 9999. Others are kOutOfRange.
absl::StatusOr<Value> CheckedTimestamp(absl::Time time);

// Durations are those of int64 nanoseconds (292 years), as in CEL for Go.
// Others are kOutOfRange.
absl::StatusOr<Value> CheckedDuration(absl::Duration duration);

// RFC 3339 in UTC: "2009-02-13T23:31:30.5Z". Nanoseconds at most.
std::string TimestampText(absl::Time time);

// Seconds: "1.5s".
std::string DurationText(absl::Duration duration);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_TIME_RANGE_H_
