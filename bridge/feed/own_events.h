#ifndef SSE_BRIDGE_BRIDGE_FEED_OWN_EVENTS_H_
#define SSE_BRIDGE_BRIDGE_FEED_OWN_EVENTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/frame.h"
#include "bridge/transcode/frame_encoder.h"

namespace sse_bridge {

// Conflation must not replace the bridge's own events with the backend's, so
// hashes of the backend's event keys are never even (nor 0, which stands for no
// key).
inline constexpr uint64_t kResetKey = 2;
inline constexpr uint64_t kUnreadableKey = 4;
inline constexpr uint64_t kUpstreamKey = 6;

// Returns a frame with the output of FrameEncoder. `info` contains everything
// else that is known about it.
FramePtr EncodedEventFrame(const EncodedFrame& encoded, FrameInfo info);

// Returns a frame of any other event, rendered as SSE. `info` contains what is
// not part of the event.
FramePtr EventFrame(const StreamEvent& event, FrameInfo info = {});

// Returns the event that reports how a stream ended. `json` is the
// google.rpc.Status with this code. `id` may be empty. Tells the client to wait
// at least `retry_ms` before it reconnects; 0 for the usual delay.
FramePtr StatusFrame(absl::StatusCode code, absl::string_view json,
                     absl::string_view id = {}, uint32_t retry_ms = 0);

// Returns the event for a message that cannot be encoded, as made by
// FrameEncoder::EncodeUnreadable.
FramePtr UnreadableFrame(const EncodedFrame& encoded);

// Returns what subscribers receive when the backend is lost: a comment and,
// unless `hidden`, the event `upstream` with {"state":"away"}. It has no ID and
// so does not affect resuming.
FramePtr AwayFrame(bool hidden);

// Returns the event for a backend that is back, {"state":"back"}. Not used if
// outages are hidden.
FramePtr BackFrame();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_OWN_EVENTS_H_
