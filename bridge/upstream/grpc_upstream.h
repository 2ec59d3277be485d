#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/call_metadata.h"

namespace sse_bridge {

struct GrpcUpstreamTls {
  // PEM. Empty roots: the system's. Certificate and key only for mutual TLS.
  std::string root_certificates;
  std::string certificate;
  std::string private_key;

  // The name that the backend's certificate must have. Empty: the authority.
  std::string name;
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

  // Initial metadata, or trailing, of a larger size end their call with
  // kInternal. The names and values count, and 32 bytes for each pair.
  int max_metadata_bytes = 128 * 1024;

  // How calls are spread over connections: see connection_pool.h. Where the
  // address names several backends, there are so many connections to each.
  int streams_per_connection = 100;
  int max_connections = 200;  // at least 2
  // That streams are spread over from the start: more than one where one does
  // not carry enough. Less than max_connections.
  int channels = 1;
  // A connection beyond those, without calls, is closed after this.
  absl::Duration idle_connection = absl::Minutes(1);

  // A connection with calls, from which nothing has come for `keepalive_time`,
  // is sent an HTTP/2 ping, and closed without an answer in `keepalive_timeout`
  // (what is sent and not acknowledged for as long closes it too:
  // TCP_USER_TIMEOUT). Zero: never.
  //
  // gRPC servers take pings that come more often than every five minutes for an
  // attack, unless they have sent something in between (GOAWAY,
  // ENHANCE_YOUR_CALM). So before the ping is due, after a third of that time,
  // the backend is asked by a call, grpc.health.v1.Health/Check: any answer,
  // also that it has no such service, shows that it is there, and then there is
  // no ping. Only where no answer comes, or where the backend's limit of
  // concurrent streams leaves no room for the call, a ping is sent. Should a
  // server object to those, gRPC doubles the time for the connection.
  absl::Duration keepalive_time = absl::Seconds(20);
  absl::Duration keepalive_timeout = absl::Seconds(10);

  // Between two attempts to connect: grows from the first to the second.
  absl::Duration min_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(5);

  // Whether http_proxy and its kin in the environment apply to backends.
  bool use_proxy = false;

  // None: plain text.
  std::optional<GrpcUpstreamTls> tls;

  // What calls name as the host (:authority), and with TLS the name to expect
  // unless `tls` has one. Empty: from the address.
  std::string authority;

  // That go with every call. Null: none.
  std::shared_ptr<const CallMetadata> metadata;
};

// Calls by gRPC's generic stub and callback API: no generated stub, no thread
// of its own. A call for which there is no connection ends with kUnavailable.
// Thread-safe.
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

  // Connections that there are, those to several backends counted once.
  int connections() const;

 private:
  class Rep;
  explicit GrpcUpstream(std::unique_ptr<Rep> rep);

  const std::unique_ptr<Rep> rep_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_UPSTREAM_H_
