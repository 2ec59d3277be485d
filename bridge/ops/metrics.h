#ifndef SSE_BRIDGE_BRIDGE_OPS_METRICS_H_
#define SSE_BRIDGE_BRIDGE_OPS_METRICS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "bridge/base/labelled_counter.h"
#include "bridge/delivery/stats.h"
#include "bridge/ops/json_access_log.h"

namespace sse_bridge {

// The sources of a scrape. Each component keeps its own counters, which a
// scrape only reads. Metrics whose source is null or empty are omitted.
struct MetricSources {
  std::function<DeliveryStats()> delivery;
  const JsonAccessLog* lifecycle = nullptr;
  const LabelledCounter* upstream_started = nullptr;     // by method
  const LabelledCounter* upstream_ended = nullptr;       // by method and code
  const LabelledCounter* upstream_reconnects = nullptr;  // by method
  const LabelledCounter* http_errors = nullptr;          // by code
  const LabelledCounter* http_rejections = nullptr;      // by HTTP status
  const LabelledCounter* http2_ended = nullptr;          // by reason
  std::function<int64_t()> http2_connections;
  const LabelledCounter* auth_failures = nullptr;  // by reason
  const LabelledCounter* admissions = nullptr;     // by method and result
  std::function<int64_t()> admission_sessions;
  std::function<int64_t()> leaves_waiting;
  std::function<int64_t()> multiplexed_streams;
  std::function<bool()> draining;
  std::string version;
};

// Returns the metrics in the Prometheus text format.
std::string MetricsText(const MetricSources& sources);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_METRICS_H_
