#ifndef SSE_BRIDGE_BRIDGE_FEED_ADMISSIONS_H_
#define SSE_BRIDGE_BRIDGE_FEED_ADMISSIONS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/admission_session.h"
#include "bridge/feed/admission_stats.h"
#include "bridge/feed/leave_queue.h"

namespace sse_bridge {

// The sessions of a bridge's clients, and one queue of leaves per backend.
//
// Thread-safe.
class Admissions {
 public:
  // `delivery` must outlive this object.
  Admissions(Delivery* delivery, LeaveQueue::Limits limits)
      : delivery_(delivery), limits_(limits) {}
  // Waits for the calls of sessions in flight, because they use the delivery.
  ~Admissions();
  Admissions(const Admissions&) = delete;
  Admissions& operator=(const Admissions&) = delete;

  std::shared_ptr<AdmissionSession> Start(AdmissionSession::Config config,
                                          absl::Time deadline,
                                          AdmissionSession::Entered entered) {
    return AdmissionSession::Start({delivery_, stats_}, std::move(config),
                                   deadline, std::move(entered));
  }

  // The queue for a backend, which must outlive this object.
  std::shared_ptr<LeaveQueue> QueueOf(Upstream* upstream);

  // The time from which deadlines of its calls are counted.
  absl::Time WallTime() const { return delivery_->WallTime(); }

  // Leaves that wait or are in flight.
  size_t leaves_waiting() const;

  const AdmissionStats& stats() const { return *stats_; }

  // Waits until every leave has been called. Returns false if some have not at
  // `deadline`.
  bool WaitUntilLeft(absl::Time deadline);

 private:
  Delivery* const delivery_;
  const LeaveQueue::Limits limits_;
  const std::shared_ptr<AdmissionStats> stats_ =
      std::make_shared<AdmissionStats>();

  mutable Mutex mu_;
  absl::flat_hash_map<Upstream*, std::shared_ptr<LeaveQueue>> queues_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_ADMISSIONS_H_
