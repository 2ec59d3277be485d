#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_CURSOR_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_CURSOR_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Both engines' cursors are decimal ids that increase across all topics.

// Returns false if no log could have issued `cursor`. An empty cursor is 0.
bool ParseCursor(absl::string_view cursor, int64_t* id);

// Errors of Read for a cursor that was never issued, and for one after which
// events are missing. Both contain the cursor, shortened.
absl::Status UnknownCursor(absl::string_view cursor);
absl::Status ExpiredCursor(absl::string_view cursor);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_CURSOR_H_
