#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_WATCH_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_WATCH_H_

#include <grpcpp/alarm.h>

#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/grpc/pooled_call.h"

namespace sse_bridge {

// Runs a function repeatedly on gRPC's threads; has no thread of its own.
// Thread-safe. Must be owned by a shared_ptr.
class RepeatingTimer : public std::enable_shared_from_this<RepeatingTimer> {
 public:
  // `run` receives how late it runs and returns the delay until the next run;
  // infinite means not before the next Wake. Calls never overlap.
  using Run = std::function<absl::Duration(absl::Duration late)>;

  explicit RepeatingTimer(Run run) : run_(std::move(run)) {}

  // Runs the function after this time at the latest.
  void Wake(absl::Duration after) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Fire() ABSL_LOCKS_EXCLUDED(mu_);

  const Run run_;
  Mutex mu_;
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mu_);
  bool armed_ ABSL_GUARDED_BY(mu_) = false;
  bool running_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration wanted_ ABSL_GUARDED_BY(mu_);  // set while `run_` runs
  absl::Duration due_ ABSL_GUARDED_BY(mu_);
};

// Watches calls until their requests have been sent. Thread-safe.
class CallWatch {
 public:
  CallWatch();

  void Add(const std::shared_ptr<PendingCall>& call);

 private:
  struct Calls {
    Mutex mu;
    std::vector<std::weak_ptr<PendingCall>> calls ABSL_GUARDED_BY(mu);
  };
  static absl::Duration Look(Calls* calls, absl::Duration late);

  const std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  std::shared_ptr<RepeatingTimer> timer_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_WATCH_H_
