#ifndef SSE_BRIDGE_BRIDGE_CEL_COMPARE_H_
#define SSE_BRIDGE_BRIDGE_CEL_COMPARE_H_

#include "absl/status/statusor.h"
#include "bridge/cel/budget.h"
#include "bridge/cel/value.h"

namespace sse_bridge::cel {

// Values of different types are not equal, except numbers that are the same.
// NaN is equal to nothing. Fails where an element's Any cannot be unpacked.
absl::StatusOr<bool> Equal(const Value& a, const Value& b, Budget* budget);

// Whether a list has an equal element, or a map has the key.
absl::StatusOr<bool> Contains(const Value& container, const Value& value,
                              Budget* budget);

// "<", "<=", ">" or ">=" of numbers of any types, bools, strings, bytes,
// timestamps and durations. Comparisons with NaN are false.
absl::StatusOr<bool> Compare(const Value& a, absl::string_view op,
                             const Value& b, Budget* budget);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_COMPARE_H_
