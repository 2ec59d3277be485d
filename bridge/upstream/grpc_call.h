#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_H_

// Starts calls on a channel, by the contract of call.h. Includes gRPC: for this
// folder only.

#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// The stub is used only within these functions: a call keeps its channel alive.
std::shared_ptr<StreamCall> StartGrpcStream(
    grpc::GenericStub* stub, absl::string_view path, std::string request,
    const CallOptions& options, std::shared_ptr<StreamObserver> observer);

std::shared_ptr<UnaryCall> StartGrpcUnary(grpc::GenericStub* stub,
                                          absl::string_view path,
                                          std::string request,
                                          const CallOptions& options,
                                          Upstream::UnaryDone done);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_H_
