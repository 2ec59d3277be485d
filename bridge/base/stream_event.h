#ifndef SSE_BRIDGE_BRIDGE_BASE_STREAM_EVENT_H_
#define SSE_BRIDGE_BRIDGE_BASE_STREAM_EVENT_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

enum class EventKind : uint8_t {
  kMessage,     // a message of the backend
  kStatus,      // how the stream ended
  kReset,       // there is a gap
  kUnreadable,  // stands for a message that cannot be shown
  kUpstream,    // the backend was lost, or is back
};

// One event of a stream, as every output format gets it. The texts belong to
// whoever made the event, as a rule to a Frame.
struct StreamEvent {
  EventKind kind = EventKind::kMessage;
  // The name under which SSE sends it; empty: it has none.
  absl::string_view name = {};
  // What a client resumes after. Empty: the event has none, and the one before
  // it stays valid. A kReset has none either, and takes the one before it away.
  absl::string_view id = {};
  // JSON in one line. Of a google.api.HttpBody its bytes, whatever they are.
  absl::string_view data = {};
  // For those who read the raw SSE stream; stands before the event.
  absl::string_view comment = {};
  // Of a kStatus, the code that `data` has.
  absl::StatusCode code = absl::StatusCode::kOk;
  // Events of one stream with one key supersede each other.
  uint64_t key = 0;
  // When the message reached the bridge, in monotonic nanoseconds; 0: unknown.
  int64_t born_ns = 0;
};

// Where a value stands in a text.
struct TextSpan {
  uint32_t begin = 0;
  uint32_t size = 0;

  // `text` is what the span was made for.
  absl::string_view In(absl::string_view text) const {
    return text.substr(begin, size);
  }
};

inline TextSpan SpanOf(size_t begin, size_t end) {
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)};
}

// Where the texts of an event stand in its rendered form, so that no other form
// has to look for them. Empty where there is none.
struct EventSpans {
  TextSpan comment = {};
  TextSpan name = {};
  TextSpan id = {};
  TextSpan data = {};
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_STREAM_EVENT_H_
