#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_STATUS_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_STATUS_H_

// Includes gRPC: for this folder only.

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// How a call has ended, by the convention of call.h: what the backend itself
// said passes unchanged. What gRPC and the transport say about a backend (names
// and addresses, what a resolver, TLS or a socket found) is for the log only:
// it is logged, at most once a second for each code, and a sentence without
// such things takes its place. `context` is the call's, which is over.
absl::Status StatusOfCall(const grpc::Status& status,
                          const grpc::ClientContext& context);

// Whether `message` is one that gRPC's transports make themselves. They hand it
// on as if it came from the peer, so that only its words tell.
bool IsTransportText(absl::string_view message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_STATUS_H_
