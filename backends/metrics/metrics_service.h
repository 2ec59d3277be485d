#ifndef SSE_BRIDGE_BACKENDS_METRICS_METRICS_SERVICE_H_
#define SSE_BRIDGE_BACKENDS_METRICS_METRICS_SERVICE_H_

#include <condition_variable>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "backends/metrics/call_meter.h"
#include "backends/stream/stream_set.h"
#include "bridge/base/mutex.h"
#include "realtime/v1/metrics.grpc.pb.h"

namespace sse_bridge {

// Serves the dashboard's metrics, sampled once a second for all streams
// together.
class MetricsService : public realtime::v1::Metrics::CallbackService {
 public:
  // `meter` must outlive the service.
  explicit MetricsService(CallMeter* meter);
  ~MetricsService() override;

  grpc::ServerWriteReactor<realtime::v1::DashboardMetrics>* StreamMetrics(
      grpc::CallbackServerContext* context,
      const realtime::v1::StreamMetricsRequest* request) override;

  // Ends the open streams.
  void Shutdown() { streams_.Shutdown(); }

 private:
  void Sample();

  CallMeter* const meter_;  // must outlive this object
  StreamSet<realtime::v1::DashboardMetrics> streams_;

  Mutex mu_;
  std::condition_variable_any stopping_;
  realtime::v1::DashboardMetrics current_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_METRICS_METRICS_SERVICE_H_
