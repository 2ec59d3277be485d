#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_GRPC_BIDI_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_GRPC_BIDI_CALL_H_

#include <string>

#include "bridge/upstream/grpc/grpc_upstream.h"
#include "bridge/upstream/multiplexer/bidi_call.h"

namespace sse_bridge {

// Returns what starts calls of the method `path` to options.address. Each call
// has a connection of its own, which is closed when the call ends.
// `extra_bytes`: how much larger than options.max_message_bytes a received
// message may be. The options must be valid (GrpcUpstream::Create).
StartBidi GrpcBidiCalls(const GrpcUpstreamOptions& options, std::string path,
                        int extra_bytes);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_GRPC_BIDI_CALL_H_
