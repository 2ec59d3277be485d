#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_CALL_H_

// Starts calls on a channel, as specified in call.h. Includes gRPC headers; for
// use in this folder only.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// How to start a call on a channel.
struct GrpcStart {
  // Used only while the call is started; the call keeps its channel alive.
  grpc::GenericStub* stub = nullptr;

  // Called when the request has been sent, at most once and before the end of
  // the call. From then on the call counts against its connection's limit. Runs
  // on any of gRPC's threads, possibly concurrently with another callback.
  std::function<void()> sent = {};

  // If not OK, the call is not sent and ends with this status.
  absl::Status refusal = absl::OkStatus();
};

std::shared_ptr<StreamCall> StartGrpcStream(
    GrpcStart start, absl::string_view path, const grpc::ByteBuffer& request,
    const CallOptions& options, std::shared_ptr<StreamObserver> observer);

std::shared_ptr<UnaryCall> StartGrpcUnary(GrpcStart start,
                                          absl::string_view path,
                                          const grpc::ByteBuffer& request,
                                          const CallOptions& options,
                                          Upstream::UnaryDone done);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_CALL_H_
