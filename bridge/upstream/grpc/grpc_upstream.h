#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_UPSTREAM_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_UPSTREAM_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/grpc_upstream_options.h"

namespace sse_bridge {

// Makes calls by the direct client, or through gRPC's generic stub and callback
// API: needs no generated stubs. A call ends with kUnavailable if no
// connection is available. Thread-safe.
class GrpcUpstream : public Upstream {
 public:
  // Connects on the first call. Returns kInvalidArgument for invalid options.
  // An unreachable backend is not an error here.
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

  // Returns whether a connection is established (for readiness). Starts to
  // connect if that was not tried yet.
  bool Connected();

  // As given to Create.
  const GrpcUpstreamOptions& options() const;

  // Number of open connections; one that stands for several backends counts
  // once.
  int connections() const;

 private:
  class Rep;
  explicit GrpcUpstream(std::unique_ptr<Rep> rep);

  const std::unique_ptr<Rep> rep_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_GRPC_UPSTREAM_H_
