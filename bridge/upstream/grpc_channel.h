#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CHANNEL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CHANNEL_H_

// How a channel to a backend is set up. Includes gRPC: for this folder only.

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/grpc_upstream.h"

namespace sse_bridge {

// kInvalidArgument for options that make no sense.
absl::Status CheckOptions(const GrpcUpstreamOptions& options);

// Channels share no connections, even to one address.
std::shared_ptr<grpc::Channel> MakeChannel(const GrpcUpstreamOptions& options);

// Whether a channel to the address may have several connections.
bool NamesSeveralBackends(absl::string_view address);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CHANNEL_H_
