#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_STATUS_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_STATUS_H_

// Includes gRPC headers; for use in bridge/upstream only.

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "bridge/upstream/call_end.h"  // IWYU pragma: export

namespace sse_bridge {

// Converts the status of a finished call as StatusOfEnd does. `context` is the
// finished call's.
absl::Status StatusOfCall(const grpc::Status& status,
                          const grpc::ClientContext& context);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_STATUS_H_
