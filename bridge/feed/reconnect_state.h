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

// How long a feed's backend has been lost, and when its call is made anew.
// Times are monotonic.
//
// Not thread-safe: the feed's lock protects it.
class ReconnectState {
 public:
  explicit ReconnectState(const ReconnectPolicy& policy) : policy_(policy) {}

  void CallStarted(absl::Duration now) { call_started_ = now; }

  // A message came: the next loss is one of its own.
  void Spoke() { backoff_.Reset(); }

  // Whether a call that ended so is made anew by the policy.
  bool TriesAgain(const absl::Status& status, absl::Duration now) const;

  // How long to wait before that.
  absl::Duration NextWait(absl::Duration now);

  bool away() const { return outage_ != nullptr; }
  void BeginAway(std::unique_ptr<CircuitLog::Outage> outage,
                 absl::Duration now);
  void Attempt() { outage_->Attempt(); }  // while away
  // False: it was not away.
  bool EndAway();
  // The feed ends: if the backend is away, it is given up.
  void GiveUp() { outage_ = nullptr; }

 private:
  const ReconnectPolicy policy_;
  Backoff backoff_;
  absl::Duration call_started_;
  absl::Duration away_since_;  // while there is outage_
  std::unique_ptr<CircuitLog::Outage> outage_;
  absl::BitGen random_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_RECONNECT_STATE_H_
