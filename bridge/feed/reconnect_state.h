#ifndef SSE_BRIDGE_BRIDGE_FEED_RECONNECT_STATE_H_
#define SSE_BRIDGE_BRIDGE_FEED_RECONNECT_STATE_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/feed/circuit_log.h"
#include "bridge/feed/reconnect.h"

namespace sse_bridge {

// Whether and when a feed reconnects, and its current outage. Times are
// monotonic.
//
// Not thread-safe: the feed's lock protects it.
class ReconnectState {
 public:
  explicit ReconnectState(const ReconnectPolicy& policy) : policy_(policy) {}

  void CallStarted(absl::Duration now) { call_started_ = now; }

  // A message has arrived: the delays start over.
  void MessageArrived() { backoff_.Reset(); }

  // Whether the policy reconnects after a call that ended with `status`.
  bool TriesAgain(const absl::Status& status, absl::Duration now) const;

  // Returns how long to wait before the next call. The delays grow until a
  // message arrives or a call has lasted.
  absl::Duration NextWait(absl::Duration now);

  // Whether there is an outage.
  bool away() const { return outage_ != nullptr; }
  void BeginAway(std::unique_ptr<CircuitLog::Outage> outage,
                 absl::Duration now);
  void Attempt() { outage_->Attempt(); }  // during an outage only
  // Returns false if there was no outage.
  bool EndAway();
  // The feed has ended. An outage counts as given up.
  void GiveUp() { outage_ = nullptr; }

 private:
  const ReconnectPolicy policy_;
  Backoff backoff_;
  absl::Duration call_started_;
  absl::Duration away_since_;  // if outage_ is not null
  std::unique_ptr<CircuitLog::Outage> outage_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_RECONNECT_STATE_H_
