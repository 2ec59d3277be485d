#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_SLICES_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_SLICES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sse_bridge {

// Returns the bytes of a chain of slices as one contiguous piece. A single
// slice is returned as it is. Several slices are copied into a thread-local
// buffer, which the next such call on the same thread reuses.
absl::string_view Flatten(absl::Span<const absl::string_view> slices);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_SLICES_H_
