#include "backends/metrics/metrics_service.h"

#include <chrono>
#include <memory>

#include "backends/metrics/machine.h"
#include "backends/stream/status.h"

namespace sse_bridge {
namespace {

constexpr std::chrono::seconds kInterval(1);

using realtime::v1::DashboardMetrics;

}  // namespace

MetricsService::MetricsService(CallMeter* meter)
    : meter_(meter), thread_([this] { Sample(); }) {}

MetricsService::~MetricsService() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    stopping_.notify_all();
  }
  thread_.join();
}

void MetricsService::Sample() {
  Machine machine;
  auto next = std::chrono::steady_clock::now();
  for (;;) {
    const CallMeter::Reading calls = meter_->Read();
    DashboardMetrics metrics;
    SetNow(metrics.mutable_timestamp());
    metrics.set_active_users(calls.active_users);
    metrics.set_requests_per_sec(calls.requests_per_sec);
    metrics.set_error_rate(calls.error_rate);
    metrics.set_avg_latency_ms(calls.avg_latency_ms);
    metrics.set_cpu_usage(machine.CpuUsage());
    metrics.set_memory_usage(machine.MemoryUsage());
    // Send it to streams opened before this sample; later ones start with it.
    const auto streams = streams_.All();
    {
      MutexLock lock(&mu_);
      current_ = metrics;
    }
    for (const auto& stream : streams) stream->SendLatest(metrics);
    next += kInterval;
    MutexLock lock(&mu_);
    while (!stop_ && std::chrono::steady_clock::now() < next) {
      stopping_.wait_until(mu_, next);
    }
    if (stop_) return;
  }
}

grpc::ServerWriteReactor<DashboardMetrics>* MetricsService::StreamMetrics(
    grpc::CallbackServerContext*, const realtime::v1::StreamMetricsRequest*) {
  auto stream = EventStream<DashboardMetrics>::Create();
  {
    MutexLock lock(&mu_);
    stream->Send(current_);
  }
  streams_.Add(stream);
  std::weak_ptr<EventStream<DashboardMetrics>> weak = stream;
  stream->SetCallbacks({nullptr, [this, weak] {
                          if (auto stream = weak.lock()) {
                            streams_.Remove(stream);
                          }
                        }});
  return stream->reactor();
}

}  // namespace sse_bridge
