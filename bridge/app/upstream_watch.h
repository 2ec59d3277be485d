#ifndef SSE_BRIDGE_BRIDGE_APP_UPSTREAM_WATCH_H_
#define SSE_BRIDGE_BRIDGE_APP_UPSTREAM_WATCH_H_

#include <condition_variable>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/grpc/grpc_upstream.h"

namespace sse_bridge {

// Warns of backends that cannot be reached when the bridge starts: a wrong
// --upstream would otherwise be noticed only by the first request. Logs within
// a second which one does not answer and why, and later that it does. Outages
// after that are logged by those who call.
//
// Start and Stop must be called on one thread.
class UpstreamWatch {
 public:
  UpstreamWatch() = default;
  ~UpstreamWatch() { Stop(); }
  UpstreamWatch(const UpstreamWatch&) = delete;
  UpstreamWatch& operator=(const UpstreamWatch&) = delete;

  // Call at most once.
  void Start(const std::vector<std::shared_ptr<GrpcUpstream>>& upstreams);
  void Stop();

 private:
  void Run(const std::vector<std::shared_ptr<GrpcUpstream>>& upstreams);

  // Returns false when stopped.
  bool Sleep();

  std::thread thread_;
  Mutex mu_;
  std::condition_variable_any wake_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_UPSTREAM_WATCH_H_
