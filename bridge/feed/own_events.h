#ifndef SSE_BRIDGE_BRIDGE_FEED_OWN_EVENTS_H_
#define SSE_BRIDGE_BRIDGE_FEED_OWN_EVENTS_H_

#include <cstdint>

#include "bridge/delivery/frame.h"
#include "bridge/transcode/frame_encoder.h"

namespace sse_bridge {

// When events are conflated, nothing of the backend's takes the place of the
// bridge's own: no hash of an event's key is even (nor 0, of those without).
inline constexpr uint64_t kResetKey = 2;
inline constexpr uint64_t kUnreadableKey = 4;
inline constexpr uint64_t kUpstreamKey = 6;

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
