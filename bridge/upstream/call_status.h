#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_STATUS_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_STATUS_H_

// Includes gRPC headers; for use in this folder only.

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Converts the status of a finished call as described in call.h. The backend's
// own messages pass unchanged. Messages of gRPC and the transport (which
// contain host names, addresses, and resolver, TLS or socket errors) are
// logged, at most once a second per code, and replaced by a generic sentence.
// `context` is the finished call's.
absl::Status StatusOfCall(const grpc::Status& status,
                          const grpc::ClientContext& context);

// Returns whether `message` was made by gRPC's transports. They report such
// errors as if they came from the peer, so they can only be recognised by their
// text.
bool IsTransportText(absl::string_view message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_STATUS_H_
