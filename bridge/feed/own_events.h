#ifndef SSE_BRIDGE_BRIDGE_FEED_OWN_EVENTS_H_
#define SSE_BRIDGE_BRIDGE_FEED_OWN_EVENTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/frame.h"
#include "bridge/transcode/frame_encoder.h"

namespace sse_bridge {

// When events are conflated, nothing of the backend's takes the place of the
// bridge's own: no hash of an event's key is even (nor 0, of those without).
inline constexpr uint64_t kResetKey = 2;
inline constexpr uint64_t kUnreadableKey = 4;
inline constexpr uint64_t kUpstreamKey = 6;

// A frame of what FrameEncoder has encoded; `info` is what else is known of it.
FramePtr EncodedEventFrame(const EncodedFrame& encoded, FrameInfo info);

// A frame of any other event, rendered as SSE. `info` says what is not in the
// event.
FramePtr EventFrame(const StreamEvent& event, FrameInfo info = {});

// The event that tells how a stream ended: `json` is the google.rpc.Status with
// this code. `id` may be empty. A client is told to wait at least `retry_ms`
// before it comes back; 0: nothing else than usual.
FramePtr StatusFrame(absl::StatusCode code, absl::string_view json,
                     absl::string_view id = {}, uint32_t retry_ms = 0);

// The event that stands for a message that cannot be shown, as
// FrameEncoder::EncodeUnreadable made it.
FramePtr UnreadableFrame(const EncodedFrame& encoded);

// What subscribers are told when the backend is lost: a comment and, unless it
// is `hidden`, the event `upstream` with {"state":"away"}. It has no id, so
// that resuming is not affected.
FramePtr AwayFrame(bool hidden);

// When it is back, unless that is hidden: {"state":"back"}.
FramePtr BackFrame();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_OWN_EVENTS_H_
