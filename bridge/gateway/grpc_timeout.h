#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_GRPC_TIMEOUT_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_GRPC_TIMEOUT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sse_bridge {

// Parses the value of a Grpc-Timeout header: at most eight digits and a unit
// (H, M, S, m, u or n), as defined by gRPC over HTTP/2 ("Timeout").
absl::StatusOr<absl::Duration> ParseGrpcTimeout(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_GRPC_TIMEOUT_H_
