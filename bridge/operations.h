#ifndef SSE_BRIDGE_BRIDGE_OPERATIONS_H_
#define SSE_BRIDGE_BRIDGE_OPERATIONS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/http/admin.h"
#include "bridge/http/server.h"
#include "bridge/ops/config.h"
#include "bridge/ops/lifecycle.h"
#include "bridge/ops/metrics.h"
#include "bridge/upstream/counted_upstream.h"
#include "bridge/upstream/grpc_upstream.h"

namespace sse_bridge {

// What the operator sees of a running bridge: the counters that the rooms
// count into, the lifecycle log, and the admin listener that shows them. Made
// before the rooms, and outlives them.
class Operations {
 public:
  explicit Operations(const bridge::v1::Config& config);

  // What rooms count into.
  CallCounts calls;
  LabelledCounter reconnects;
  LabelledCounter errors;
  LabelledCounter rejections;
  Lifecycle lifecycle;

  // What a scrape asks of the rooms; they must live until Stop.
  struct Rooms {
    std::function<DeliveryStats()> delivery;
    const LabelledCounter* auth_failures = nullptr;
    std::vector<std::shared_ptr<GrpcUpstream>> upstreams;
  };

  // Opens the admin listener, if one is configured.
  absl::Status Start(const LoadedConfig& loaded, Rooms rooms);
  void Stop();

  // Puts into force what SIGHUP may change here: which streams are logged, and
  // how.
  void Apply(const bridge::v1::Config& config);

  // "HOST:PORT" of the admin listener; empty when there is none.
  const std::string& address() const { return address_; }

  // From now on /readyz says no.
  void SetDraining() { draining_ = true; }

 private:
  std::vector<Admin::Condition> Readiness() const;
  std::string Metrics() const;

  Rooms rooms_;
  std::atomic<bool> draining_{false};
  std::string address_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPERATIONS_H_
