#ifndef SSE_BRIDGE_BRIDGE_APP_OPERATIONS_H_
#define SSE_BRIDGE_BRIDGE_APP_OPERATIONS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/config/config.h"
#include "bridge/feed/admissions.h"
#include "bridge/http/http_server.h"
#include "bridge/ops/admin.h"
#include "bridge/ops/json_access_log.h"
#include "bridge/ops/metrics.h"
#include "bridge/upstream/counted_upstream.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "bridge/upstream/multiplexer/multiplexed_upstream.h"

namespace sse_bridge {

// Observability of a running bridge: the components' counters, the access log,
// and the admin listener. Created before the components, and outlives them.
class Operations {
 public:
  explicit Operations(const bridge::v1::Config& config);

  // Counters that the components update.
  CallCounts calls;
  LabelledCounter reconnects;
  LabelledCounter errors;
  LabelledCounter rejections;
  LabelledCounter http2_ended;
  JsonAccessLog lifecycle;

  // Sources of the metrics. They must live until Stop.
  struct Components {
    std::function<DeliveryStats()> delivery;
    const LabelledCounter* auth_failures = nullptr;
    const Admissions* admissions = nullptr;
    std::vector<std::shared_ptr<GrpcUpstream>> upstreams;
    std::vector<std::shared_ptr<MultiplexedUpstream>> multiplexed;
    std::function<int64_t()> http2_connections;  // null without HTTP/2
  };

  // Opens the admin listener, if one is configured.
  absl::Status Start(const LoadedConfig& loaded, Components components);
  void Stop();

  // Applies the reloadable settings: which streams are logged, and how.
  void Apply(const bridge::v1::Config& config);

  // "HOST:PORT" of the admin listener; empty if it is disabled.
  const std::string& address() const { return address_; }

  // Makes /readyz answer 503 from now on.
  void SetDraining() { draining_ = true; }

 private:
  std::vector<Admin::Condition> Readiness() const;
  std::string Metrics() const;

  Components components_;
  std::atomic<bool> draining_{false};
  std::string address_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_OPERATIONS_H_
