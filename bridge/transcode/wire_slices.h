#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_SLICES_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_SLICES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sse_bridge {

// The bytes of a chain of slices as one piece. One slice is returned as it is;
// several are gathered into memory of this thread, which the next call on the
// same thread with several slices reuses.
absl::string_view Flatten(absl::Span<const absl::string_view> slices);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_SLICES_H_
