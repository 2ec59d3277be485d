#ifndef SSE_BRIDGE_BACKENDS_METRICS_CALL_METER_H_
#define SSE_BRIDGE_BACKENDS_METRICS_CALL_METER_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_interceptor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "backends/stream/multiplexer_connection.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Measures every call of the server with an interceptor: active users, request
// rate, latency and error rate of unary calls. Thread-safe.
class CallMeter {
 public:
  struct Reading {
    int active_users = 0;  // with an open call, or one in the last minute
    double requests_per_sec = 0;  // over the last ten seconds
    double error_rate = 0;        // 0 to 1, over the same period
    double avg_latency_ms = 0;    // of unary calls, over the same period
  };

  void CallBegan(const std::string& subject);
  void CallEnded(const std::string& subject, bool failed, bool unary,
                 absl::Duration duration);
  Reading Read();

 private:
  static constexpr int kWindowSeconds = 10;

  struct Second {
    int64_t second = -1;
    int began = 0;
    int ended = 0;
    int failed = 0;
    int unary = 0;
    double latency_ms = 0;
  };
  struct User {
    int open = 0;
    absl::Time last_seen;
  };

  Second& Now() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Mutex mu_;
  std::array<Second, kWindowSeconds + 1> seconds_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, User> users_ ABSL_GUARDED_BY(mu_);
};

// Creates the interceptor that feeds a meter. Ignores health checks and
// reflection. `meter` must outlive the server.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
MakeCallMeterInterceptor(CallMeter* meter);

// The same for calls through the multiplexer, which interceptors do not see
// (MultiplexerService::set_began).
decltype(MultiplexedMethods::began) MakeCallMeterHook(CallMeter* meter);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_METRICS_CALL_METER_H_
