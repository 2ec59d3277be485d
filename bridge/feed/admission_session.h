#ifndef SSE_BRIDGE_BRIDGE_FEED_ADMISSION_SESSION_H_
#define SSE_BRIDGE_BRIDGE_FEED_ADMISSION_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/admission_stats.h"
#include "bridge/feed/leave_queue.h"
#include "bridge/feed/reconnect.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// One client's stay in one stream (sse.v1.Admission): calls `enter`, calls it
// again before the lease expires, and has `leave` called at the end.
//
//   Start ---> in the stream ---> left
//     |             |
//     v             v
//   refused    ends the membership, if a renewal is refused or the backend
//              stays away; then the session leaves
//
// `leave` is never called while `enter` is in flight (LeaveAfterEnter), because
// the backend could then handle them in the wrong order. It is also called if
// it is unknown whether the backend has executed `enter` (NoGhost), and never
// while the client is in the stream (NoFalseLeave). A renewal waits for the
// call before it (OneCallAtOnce). A refused one ends the stream (RefusalEnds),
// also if it comes before Joined, but never one that is over
// (EndsOnlyOpenStreams). model/admission.pml checks these.
//
// Thread-safe. Calls are started without the lock.
class AdmissionSession : public std::enable_shared_from_this<AdmissionSession> {
 public:
  // What sessions need of the rest of the bridge.
  struct Context {
    Delivery* delivery = nullptr;  // must outlive every session
    std::shared_ptr<AdmissionStats> stats;
  };

  struct Config {
    std::string method;  // full name of the stream's method, for metrics
    Upstream* upstream = nullptr;  // of `enter`; must outlive the session
    std::string path;              // "/package.Service/Method"
    std::string request;           // serialised
    std::shared_ptr<const Metadata> metadata;  // of all calls; may be null
    absl::Duration timeout = absl::Seconds(5);

    absl::Duration renew = absl::ZeroDuration();  // zero: never

    // How long a backend may be away before the stream ends, and which codes
    // besides those of IsUnreachable mean that it is.
    ReconnectPolicy reconnect;

    std::shared_ptr<LeaveQueue> leaves;  // null: `leave` is not called
    LeaveQueue::Leave leave;
  };

  // The response of `enter`, serialised, or its error.
  using Entered = std::function<void(absl::StatusOr<std::string>)>;

  // Calls `enter`, until `deadline` at the latest. `entered` is called once, on
  // one of gRPC's threads. The session ends when the result of Hold, or the
  // last copy of it, is destroyed.
  static std::shared_ptr<AdmissionSession> Start(Context context, Config config,
                                                 absl::Time deadline,
                                                 Entered entered);
  ~AdmissionSession();
  AdmissionSession(const AdmissionSession&) = delete;
  AdmissionSession& operator=(const AdmissionSession&) = delete;

  // The stay itself. Its destructor does not block, and may run on any thread.
  // Call once.
  std::shared_ptr<void> Hold();

  // The client's stream has begun. `end` ends it with a status. Called at most
  // once, with no lock held, possibly within Joined.
  void Joined(std::function<void(const absl::Status&)> end);

 private:
  enum class State { kEntering, kIn, kGone };

  AdmissionSession(Context context, Config config, Entered entered);

  void Call(uint64_t number, absl::Time deadline);
  void OnCallDone(uint64_t number, absl::Status status, std::string response);
  void OnEntered(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Sets *refusal if the stream must end.
  void OnRenewed(const absl::Status& status, absl::Status* refusal)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RenewAfter(absl::Duration delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Renew();
  void End();
  // Returns whether the session must leave now.
  bool TakeLeave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Leave();
  void Count(const char* result) const;
  absl::Duration Now() const;  // monotonic

  const Context context_;
  const Config config_;

  Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kEntering;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;  // by the client's side
  Entered entered_ ABSL_GUARDED_BY(mu_);     // null once called
  std::function<void(const absl::Status&)> end_ ABSL_GUARDED_BY(mu_);
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);  // before Joined

  // The call in flight.
  bool calling_ ABSL_GUARDED_BY(mu_) = true;
  uint64_t call_number_ ABSL_GUARDED_BY(mu_) = 1;
  absl::Duration call_started_ ABSL_GUARDED_BY(mu_);
  // Null until StartUnary has returned.
  std::shared_ptr<UnaryCall> call_ ABSL_GUARDED_BY(mu_);

  // Renewals that have failed because the backend is away, and since when.
  int failures_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Duration failing_since_ ABSL_GUARDED_BY(mu_);
  Delivery::TimerId timer_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_ADMISSION_SESSION_H_
