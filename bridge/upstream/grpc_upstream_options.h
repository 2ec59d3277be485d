#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_OPTIONS_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "bridge/upstream/call_metadata.h"

namespace sse_bridge {

struct GrpcUpstreamTls {
  // In PEM format. If `root_certificates` is empty, the system's are used.
  // Certificate and key are set only for mutual TLS.
  std::string root_certificates;
  std::string certificate;
  std::string private_key;

  // The name expected in the backend's certificate. If empty, the authority.
  std::string name;
};

struct GrpcUpstreamOptions {
  // As returned by ParseUpstreamFlag (router.h): HOST:PORT, or a gRPC target
  // such as dns:///name:port or ipv4:ADDRESS:PORT,ADDRESS:PORT. A target with
  // several backends is balanced by round_robin with client-side health checks
  // (grpc.health.v1; a backend without that service counts as healthy).
  std::string address;

  // A larger message ends its call with kResourceExhausted.
  int max_message_bytes = 4 * 1024 * 1024;

  // Flow-control window: how much of a stream may be in flight while nobody
  // reads it, which is the memory cost of a paused stream. A stream's
  // throughput is at most this much per round trip to the backend.
  int stream_window_bytes = 256 * 1024;

  // Larger initial or trailing metadata end their call with kInternal. The size
  // is that of names and values plus 32 bytes per pair.
  int max_metadata_bytes = 128 * 1024;

  // How calls are spread over connections; see connection_pool.h. If the
  // address names several backends, the pool has this many connections to each.
  int streams_per_connection = 100;
  int max_connections = 200;  // at least 2
  // Number of connections that streams are spread over from the start. Use more
  // than one if one connection does not have enough throughput. Must be less
  // than max_connections.
  int channels = 1;
  // Connections beyond `channels` are closed after this time without calls.
  absl::Duration idle_connection = absl::Minutes(1);

  // If nothing has been received for `keepalive_time` on a connection with
  // calls, an HTTP/2 ping is sent; the connection is closed if no answer
  // arrives within `keepalive_timeout`. Unacknowledged data closes it after the
  // same time (TCP_USER_TIMEOUT). Zero disables this.
  //
  // gRPC servers treat pings that arrive more often than every five minutes as
  // an attack, unless they have sent something in between (GOAWAY,
  // ENHANCE_YOUR_CALM). So, after a third of that time, the bridge first calls
  // grpc.health.v1.Health/Check. Any answer, even that there is no such
  // service, shows that the backend is alive, and no ping is sent. A ping is
  // sent only if no answer arrives, or if the backend's limit of concurrent
  // streams does not allow the call. If a server objects to pings, gRPC doubles
  // the interval for that connection.
  absl::Duration keepalive_time = absl::Seconds(20);
  absl::Duration keepalive_timeout = absl::Seconds(10);

  // Delay between two attempts to connect; grows from the first value to the
  // second.
  absl::Duration min_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(5);

  // Whether the bridge's own client (direct/) makes the calls if it
  // serves the address. Otherwise, gRPC's does.
  bool direct = true;

  // Whether proxy settings in the environment (http_proxy and others) apply.
  bool use_proxy = false;

  // If unset, connections are plain text.
  std::optional<GrpcUpstreamTls> tls;

  // Host that calls name (:authority) and, with TLS, the expected certificate
  // name unless `tls` sets one. If empty, derived from the address.
  std::string authority;

  // Added to every call. May be null.
  std::shared_ptr<const CallMetadata> metadata;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_OPTIONS_H_
