#ifndef SSE_BRIDGE_BRIDGE_FEED_LEAVE_QUEUE_H_
#define SSE_BRIDGE_BRIDGE_FEED_LEAVE_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/admission_stats.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Whether a call of an admission has failed because the backend could not be
// reached in time, rather than by the backend's decision.
bool IsUnreachable(const absl::Status& status);

// Tells one backend which sessions have ended (sse.v1.Admission.leave), in the
// background. While the backend is away, leaves wait and are retried, at most
// until their session's lease has expired, when the backend needs them no more.
//
// What waits is bounded in all and for each payer. Beyond a bound the oldest is
// dropped; the lease then ends the session.
//
// Thread-safe. Calls are started on a delivery thread.
class LeaveQueue : public std::enable_shared_from_this<LeaveQueue> {
 public:
  struct Limits {
    size_t waiting = 16'384;
    size_t waiting_per_payer = 64;
    size_t in_flight = 32;
    absl::Duration min_backoff = absl::Milliseconds(100);
    absl::Duration max_backoff = absl::Seconds(5);
  };

  struct Leave {
    std::string method;   // full name of the stream's method, for metrics
    std::string path;     // "/package.Service/Method"
    std::string request;  // serialised
    std::shared_ptr<const Metadata> metadata;  // may be null
    absl::Duration timeout = absl::Seconds(5);
    // Whom it counts for: the subject, or the address of an anonymous client.
    std::string payer;
    // How long it is worth retrying, from Add on.
    absl::Duration lease = absl::ZeroDuration();
  };

  // `upstream` and `delivery` must outlive the queue.
  static std::shared_ptr<LeaveQueue> Create(
      Upstream* upstream, Delivery* delivery,
      std::shared_ptr<AdmissionStats> stats, Limits limits);
  LeaveQueue(const LeaveQueue&) = delete;
  LeaveQueue& operator=(const LeaveQueue&) = delete;

  // Never blocks, and starts no call on this thread.
  void Add(Leave leave);

  // Those that wait and those in flight.
  size_t size() const;

  // Returns false if there are still some at `deadline`.
  bool WaitUntilEmpty(absl::Time deadline);

 private:
  struct Entry {
    Leave leave;
    absl::Duration expires;  // monotonic
  };

  LeaveQueue(Upstream* upstream, Delivery* delivery,
             std::shared_ptr<AdmissionStats> stats, Limits limits);

  void Pump();
  void Call(uint64_t number, const Leave& leave);
  void OnDone(uint64_t number, const absl::Status& status);
  void SchedulePump(absl::Duration delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Insert(uint64_t number, Entry entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Entry Remove(uint64_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void KeepBounds(const std::string& payer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Count(const Leave& leave, const char* result) const;
  absl::Duration Now() const;  // monotonic

  Upstream* const upstream_;
  Delivery* const delivery_;
  const std::shared_ptr<AdmissionStats> stats_;
  const Limits limits_;

  mutable Mutex mu_;
  std::condition_variable_any empty_;
  uint64_t next_number_ ABSL_GUARDED_BY(mu_) = 1;
  // By number, the oldest first.
  std::map<uint64_t, Entry> waiting_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, std::set<uint64_t>> by_payer_
      ABSL_GUARDED_BY(mu_);
  struct InFlight {
    Entry entry;
    std::shared_ptr<UnaryCall> call;  // null until StartUnary has returned
  };
  std::map<uint64_t, InFlight> in_flight_ ABSL_GUARDED_BY(mu_);
  bool pump_scheduled_ ABSL_GUARDED_BY(mu_) = false;
  int failures_ ABSL_GUARDED_BY(mu_) = 0;  // consecutive
  absl::Duration backoff_until_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_LEAVE_QUEUE_H_
