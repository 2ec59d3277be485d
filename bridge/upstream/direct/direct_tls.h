#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_TLS_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_TLS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/net/socket.h"
#include "bridge/net/tls_context.h"
#include "bridge/upstream/grpc_upstream_options.h"

namespace sse_bridge {

// The client side of TLS to backends: 1.2 and later, with ALPN "h2".
// Thread-safe.
class DirectTls {
 public:
  // `name` is what the backend's certificate must be for: a host name or an IP
  // address. Returns kInvalidArgument if the certificates cannot be used.
  static absl::StatusOr<std::unique_ptr<const DirectTls>> Create(
      const GrpcUpstreamTls& options, std::string name);

  // Returns null if there is no memory.
  std::unique_ptr<Socket> Wrap(std::unique_ptr<Socket> socket) const;

 private:
  DirectTls(SslCtxPtr context, std::string name)
      : context_(std::move(context)), name_(std::move(name)) {}

  const SslCtxPtr context_;
  const std::string name_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_TLS_H_
