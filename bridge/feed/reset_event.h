#ifndef SSE_BRIDGE_BRIDGE_FEED_RESET_EVENT_H_
#define SSE_BRIDGE_BRIDGE_FEED_RESET_EVENT_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

// The event `reset` marks a gap in a stream that cannot be filled: the browser
// asked for the events after an ID that is no longer stored. The events after
// it are those of a first visit. Its ID is empty, so that a browser forgets the
// useless ID (WHATWG HTML, 9.2.6).

// If `status` reports that the ID after which a call should resume has expired,
// returns the oldest ID that is still stored (empty if there is none). The rule
// for backends is in sse.proto, at `resume_into`.
std::optional<std::string> OldestAfterExpiry(const absl::Status& status);

// data: {"requested": ID, "oldest": ID}. The requested ID is truncated to 256
// bytes.
FramePtr ResetFrame(absl::string_view requested, absl::string_view oldest);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_RESET_EVENT_H_
