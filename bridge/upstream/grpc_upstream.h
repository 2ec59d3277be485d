#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

struct GrpcUpstreamTls {
  // PEM. Empty roots: the system's. Certificate and key only for mutual TLS.
  std::string root_certificates;
  std::string certificate;
  std::string private_key;
};

struct GrpcUpstreamOptions {
  // As ParseUpstreamFlag (router.h) leaves it: HOST:PORT, or a gRPC target such
  // as dns:///name:port or ipv4:ADDRESS:PORT,ADDRESS:PORT. A target that names
  // several backends is balanced by round_robin, with client-side health
  // checks (grpc.health.v1; a backend without that service counts as healthy).
  std::string address;

  // A larger message ends its call with kResourceExhausted.
  int max_message_bytes = 4 * 1024 * 1024;

  // How much of one stream may be under way while nobody reads it: what a
  // paused stream costs in memory. A stream's throughput is at most this
  // per round trip to the backend.
  int stream_window_bytes = 256 * 1024;

  // Connections to each backend. More than one where the backend limits the
  // concurrent calls of a connection (calls beyond its limit queue silently).
  int channels = 1;

  // HTTP/2 pings, while there are calls. By gRPC's default only two are sent on
  // a connection that sends nothing else, because servers by default take more
  // for an attack and close the connection (GOAWAY, too_many_pings).
  // `ping_quiet_streams` lifts that; the backends must permit such pings
  // (grpc.http2.min_ping_interval_without_data_ms below keepalive_time).
  absl::Duration keepalive_time = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(10);
  bool ping_quiet_streams = false;

  // Between two attempts to connect: grows from the first to the second.
  absl::Duration min_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(5);

  // Whether http_proxy and its kin in the environment apply to backends.
  bool use_proxy = false;

  // None: plain text.
  std::optional<GrpcUpstreamTls> tls;
};

// Calls by gRPC's generic stub and callback API: no generated stub, no thread
// of its own. Thread-safe.
class GrpcUpstream : public Upstream {
 public:
  // Connects at the first call. kInvalidArgument for options that make no
  // sense; a backend that cannot be reached is no error here.
  static absl::StatusOr<std::unique_ptr<GrpcUpstream>> Create(
      const GrpcUpstreamOptions& options);

  ~GrpcUpstream() override;

  absl::string_view address() const override;

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) override;

  std::shared_ptr<UnaryCall> StartUnary(absl::string_view path,
                                        std::string request,
                                        CallOptions options,
                                        UnaryDone done) override;

  // Whether a connection stands now (for readiness); starts to connect if none
  // was tried yet.
  bool Connected();

 private:
  struct Rep;
  explicit GrpcUpstream(std::unique_ptr<Rep> rep);

  const std::unique_ptr<Rep> rep_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_H_
