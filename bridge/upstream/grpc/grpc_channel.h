#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_CHANNEL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_CHANNEL_H_

// Creates channels to backends. Includes gRPC headers; for use in
// bridge/upstream only.

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/grpc_upstream_options.h"

namespace sse_bridge {

// Returns kInvalidArgument for invalid options.
absl::Status CheckOptions(const GrpcUpstreamOptions& options);

// Channels never share connections, even to the same address.
std::shared_ptr<grpc::Channel> MakeChannel(const GrpcUpstreamOptions& options);

// Returns whether a channel to the address may have several connections.
bool NamesSeveralBackends(absl::string_view address);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_CHANNEL_H_
