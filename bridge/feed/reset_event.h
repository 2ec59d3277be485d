#ifndef SSE_BRIDGE_BRIDGE_FEED_RESET_EVENT_H_
#define SSE_BRIDGE_BRIDGE_FEED_RESET_EVENT_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

// The event `reset` stands where a stream has a gap that nothing can fill: the
// browser asked for what comes after an id that nobody keeps. What follows it
// is as on a first visit. It has an empty id, so that a browser forgets the one
// that is of no use (WHATWG HTML, 9.2.6).

// If `status` says that the id a call was to resume after is not kept any more,
// the oldest one that is, empty if there is none (the rule for backends is in
// sse.proto, at `resume_into`).
std::optional<std::string> OldestAfterExpiry(const absl::Status& status);

// data: {"requested": ID, "oldest": ID}, the requested one cut to 256 bytes.
FramePtr ResetFrame(absl::string_view requested, absl::string_view oldest);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_RESET_EVENT_H_
