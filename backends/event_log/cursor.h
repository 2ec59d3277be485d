#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_CURSOR_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_CURSOR_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Both engines' cursors are ids that rise over all topics, as decimal numbers.

// False when `cursor` is none that a log could have given. 0 for an empty one.
bool ParseCursor(absl::string_view cursor, int64_t* id);

// What Read answers to a cursor that was never given out, and to one after
// which events are missing. Both name it, shortened.
absl::Status UnknownCursor(absl::string_view cursor);
absl::Status ExpiredCursor(absl::string_view cursor);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_CURSOR_H_
