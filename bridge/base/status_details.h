#ifndef SSE_BRIDGE_BRIDGE_BASE_STATUS_DETAILS_H_
#define SSE_BRIDGE_BRIDGE_BASE_STATUS_DETAILS_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The payload of an absl::Status that holds a backend's
// grpc-status-details-bin: a serialised google.rpc.Status.
inline constexpr absl::string_view kStatusDetailsUrl =
    "type.googleapis.com/google.rpc.Status";

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_STATUS_DETAILS_H_
