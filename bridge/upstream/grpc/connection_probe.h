#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CONNECTION_PROBE_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CONNECTION_PROBE_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "bridge/upstream/grpc_upstream_options.h"

namespace sse_bridge {

// Tries to connect to a backend, on a connection of its own that carries no
// calls, to tell whether and why not. Keeps trying while it exists. Not
// thread-safe.
class ConnectionProbe {
 public:
  // Starts to connect. `options` must be valid (GrpcUpstream::Create).
  static std::unique_ptr<ConnectionProbe> Start(
      const GrpcUpstreamOptions& options);

  virtual ~ConnectionProbe() = default;

  // Does not block.
  virtual bool Connected() = 0;

  // Why there is no connection, in gRPC's words, which may contain addresses:
  // for the log. Empty if there is one. Blocks for up to `patience`.
  virtual std::string WhyNotConnected(absl::Duration patience) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CONNECTION_PROBE_H_
