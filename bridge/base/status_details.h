#ifndef SSE_BRIDGE_BRIDGE_BASE_STATUS_DETAILS_H_
#define SSE_BRIDGE_BRIDGE_BASE_STATUS_DETAILS_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The URL of the absl::Status payload that holds a backend's
// grpc-status-details-bin: a serialized google.rpc.Status.
inline constexpr absl::string_view kStatusDetailsUrl =
    "type.googleapis.com/google.rpc.Status";

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_STATUS_DETAILS_H_
