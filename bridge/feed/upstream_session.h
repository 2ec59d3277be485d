#ifndef SSE_BRIDGE_BRIDGE_FEED_UPSTREAM_SESSION_H_
#define SSE_BRIDGE_BRIDGE_FEED_UPSTREAM_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/delivery/frame.h"
#include "bridge/feed/circuit_log.h"
#include "bridge/feed/reconnect.h"
#include "bridge/feed/reconnect_state.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// A feed's calls to its backend, one after the other: which call is current,
// what the next one asks for, and how long the backend has been lost. The feed
// itself starts and cancels the calls.
//
// Each call has a generation. The feed ignores callbacks whose generation is no
// longer current, so no event comes twice (NoDuplicate in model/resume.pml).
//
// Not thread-safe: the feed's lock protects it. Times are monotonic.
class UpstreamSession {
 public:
  // Returns the serialised request that resumes after the event with this id;
  // nullopt if no event can have it.
  using RequestAfter =
      std::function<std::optional<std::string>(absl::string_view id)>;

  struct NextCall {
    uint64_t generation;
    std::string request;  // serialised
  };

  // The first call resumes after `first_id`; empty: it starts from the
  // beginning.
  UpstreamSession(const ReconnectPolicy& policy, std::string first_id)
      : last_id_(std::move(first_id)), reconnect_(policy) {}

  // Begins the next call. It resumes after the last event if `request_after` is
  // not null and there is an event with an id; otherwise it sends
  // `from_beginning`. If the id does not fit `request_after`, a `reset` is
  // owed.
  NextCall Begin(const std::string& from_beginning,
                 const RequestAfter& request_after, absl::Duration now);

  bool IsCurrent(uint64_t generation) const {
    return generation == generation_;
  }

  // Null until StartStream has returned, and between two calls.
  const std::shared_ptr<StreamCall>& call() const { return call_; }
  void SetCall(std::shared_ptr<StreamCall> call) { call_ = std::move(call); }

  // The current call has ended.
  void ClearCall() { call_ = nullptr; }

  // Makes a new generation current, so that the last call's remaining callbacks
  // are ignored. Returns it.
  uint64_t Supersede() { return ++generation_; }

  // The feed has ended. Returns the call to cancel; may be null.
  std::shared_ptr<StreamCall> Close();

  // The current call's response metadata so far.
  const Metadata& response_metadata() const { return response_metadata_; }
  void AddMetadata(const Metadata& metadata);

  // A message has arrived, so the next loss is a new one.
  void OnMessage();

  // Whether any call has delivered a message.
  bool has_messages() const { return has_messages_; }

  // The next call resumes after this event.
  void SetLastId(absl::string_view id) {
    last_id_.assign(id.data(), id.size());
  }

  // Whether the current call resumes after an event.
  bool resumes() const { return !resumed_after_.empty(); }

  // The backend no longer keeps the event that the current call resumes after:
  // the next call starts from the beginning, and a `reset` is owed. `oldest` is
  // the oldest id that the backend keeps; may be empty.
  void RestartFromBeginning(absl::string_view oldest);

  // Returns the `reset` to publish as soon as the backend accepts the call;
  // null if none is owed. It comes before any event (NoGap).
  bool owes_reset() const { return owed_reset_ != nullptr; }
  FramePtr TakeOwedReset() { return std::exchange(owed_reset_, nullptr); }

  ReconnectState& reconnect() { return reconnect_; }
  const ReconnectState& reconnect() const { return reconnect_; }

 private:
  // The current call.
  uint64_t generation_ = 0;
  std::shared_ptr<StreamCall> call_;
  Metadata response_metadata_;
  std::string resumed_after_;  // empty: it started from the beginning

  // For the next call.
  std::string last_id_;
  FramePtr owed_reset_;
  ReconnectState reconnect_;
  bool has_messages_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_UPSTREAM_SESSION_H_
