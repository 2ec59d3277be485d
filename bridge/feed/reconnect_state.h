#ifndef SSE_BRIDGE_BRIDGE_FEED_RECONNECT_STATE_H_
#define SSE_BRIDGE_BRIDGE_FEED_RECONNECT_STATE_H_

#include <memory>
#include <utility>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/feed/circuit_log.h"
#include "bridge/feed/reconnect.h"

namespace sse_bridge {

// Tracks how long a feed's backend has been lost, and decides when to
// reconnect. Times are monotonic.
//
// Not thread-safe; protected by the feed's lock.
class ReconnectState {
 public:
  explicit ReconnectState(const ReconnectPolicy& policy) : policy_(policy) {}

  void CallStarted(absl::Duration now) { call_started_ = now; }

  // A message has arrived, so the next loss starts with the shortest backoff.
  void Spoke() { backoff_.Reset(); }

  // Returns whether the policy retries a call that ended with `status`.
  bool TriesAgain(const absl::Status& status, absl::Duration now) const;

  // Returns how long to wait before the retry.
  absl::Duration NextWait(absl::Duration now);

  bool away() const { return outage_ != nullptr; }
  void BeginAway(std::unique_ptr<CircuitLog::Outage> outage,
                 absl::Duration now);
  void Attempt() { outage_->Attempt(); }  // requires away()
  // Returns false if the backend was not away.
  bool EndAway();
  // The feed ends; if the backend is away, the outage counts as given up.
  void GiveUp() { outage_ = nullptr; }

 private:
  const ReconnectPolicy policy_;
  Backoff backoff_;
  absl::Duration call_started_;
  absl::Duration away_since_;  // valid while outage_ is not null
  std::unique_ptr<CircuitLog::Outage> outage_;
  absl::BitGen random_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_RECONNECT_STATE_H_
