#include "bridge/feed/reconnect_state.h"

namespace sse_bridge {

bool ReconnectState::TriesAgain(const absl::Status& status,
                                absl::Duration now) const {
  if (!policy_.IsLoss(status)) return false;
  const absl::Duration away =
      this->away() ? now - away_since_ : absl::ZeroDuration();
  return away < policy_.give_up_after;
}

absl::Duration ReconnectState::NextWait(absl::Duration now) {
  if (now - call_started_ > Backoff::kLongest) backoff_.Reset();
  return backoff_.Next();
}

void ReconnectState::BeginAway(std::unique_ptr<CircuitLog::Outage> outage,
                               absl::Duration now) {
  away_since_ = now;
  outage_ = std::move(outage);
}

bool ReconnectState::EndAway() {
  if (outage_ == nullptr) return false;
  outage_->Back();
  outage_ = nullptr;
  return true;
}

}  // namespace sse_bridge
