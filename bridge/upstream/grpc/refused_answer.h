#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_REFUSED_ANSWER_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_REFUSED_ANSWER_H_

// Includes gRPC headers; for use in this folder only.

#include <grpcpp/support/status.h>

#include <optional>

#include "absl/status/status.h"

namespace sse_bridge {

// Returns the status of a call that gRPC ended because it does not accept the
// backend's answer: metadata beyond the limit, or a compressed message. gRPC's
// own codes for these (RESOURCE_EXHAUSTED, UNIMPLEMENTED) would blame the
// caller. Returns nullopt for any other status.
std::optional<absl::Status> RefusedAnswer(const grpc::Status& status);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_REFUSED_ANSWER_H_
