#include "bridge/feed/upstream_session.h"

#include "bridge/feed/reset_event.h"

namespace sse_bridge {

UpstreamSession::NextCall UpstreamSession::Begin(
    const std::string& from_beginning, const RequestAfter& request_after,
    absl::Duration now) {
  reconnect_.CallStarted(now);
  response_metadata_.clear();
  resumed_after_.clear();
  NextCall next{.generation = Supersede(), .request = {}};
  if (request_after != nullptr && !last_id_.empty()) {
    if (auto request = request_after(last_id_); request.has_value()) {
      resumed_after_ = last_id_;
      next.request = *std::move(request);
      return next;
    }
    // The backend's own ids do not fit its own requests.
    owed_reset_ = ResetFrame(last_id_, "");
    last_id_.clear();
  }
  next.request = from_beginning;
  return next;
}

std::shared_ptr<StreamCall> UpstreamSession::Close() {
  Supersede();
  reconnect_.GiveUp();
  return std::exchange(call_, nullptr);
}

void UpstreamSession::AddMetadata(const Metadata& metadata) {
  response_metadata_.insert(response_metadata_.end(), metadata.begin(),
                            metadata.end());
}

void UpstreamSession::OnMessage() {
  reconnect_.MessageArrived();
  has_messages_ = true;
}

void UpstreamSession::RestartFromBeginning(absl::string_view oldest) {
  owed_reset_ = ResetFrame(resumed_after_, oldest);
  last_id_.clear();
}

}  // namespace sse_bridge
