#ifndef SSE_BRIDGE_BRIDGE_BASE_STREAM_EVENT_H_
#define SSE_BRIDGE_BRIDGE_BASE_STREAM_EVENT_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

enum class EventKind : uint8_t {
  kMessage,     // a message from the backend
  kStatus,      // how the stream ended
  kReset,       // there is a gap
  kUnreadable,  // replaces a message that cannot be represented
  kUpstream,    // the backend was lost or is available again
};

// One event of a stream, independent of the output format. Does not own its
// texts; usually a Frame does.
struct StreamEvent {
  EventKind kind = EventKind::kMessage;
  // The SSE event name. Empty if there is none.
  absl::string_view name = {};
  // The id that a client resumes after. If it is empty, the previous id stays
  // valid. A kReset has no id and clears the previous one.
  absl::string_view id = {};
  // JSON in one line, or the raw bytes of a google.api.HttpBody.
  absl::string_view data = {};
  // An SSE comment before the event, for people who read the raw stream.
  absl::string_view comment = {};
  // The status code in `data`, for kStatus.
  absl::StatusCode code = absl::StatusCode::kOk;
  // An event supersedes earlier events of the stream with the same key.
  uint64_t key = 0;
  // When the message reached the bridge, in monotonic nanoseconds. 0 if
  // unknown.
  int64_t born_ns = 0;
};

// The position of a value in a text.
struct TextSpan {
  uint32_t begin = 0;
  uint32_t size = 0;

  // `text` must be the text that the span refers to.
  absl::string_view In(absl::string_view text) const {
    return text.substr(begin, size);
  }
};

inline TextSpan SpanOf(size_t begin, size_t end) {
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)};
}

// The positions of an event's texts in its rendered form, so that other formats
// need not search for them. Spans of missing texts are empty.
struct EventSpans {
  TextSpan comment = {};
  TextSpan name = {};
  TextSpan id = {};
  TextSpan data = {};
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_STREAM_EVENT_H_
