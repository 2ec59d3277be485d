#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_

// Formats server-sent events (WHATWG HTML, "Server-sent events", section
// "Parsing an event stream"). No value can break out of its line, whatever it
// contains.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/base/stream_event.h"

namespace sse_bridge {

// The prefixes of an event's values.
inline constexpr absl::string_view kSseName = "event: ";
inline constexpr absl::string_view kSseId = "id: ";
inline constexpr absl::string_view kSseData = "data: ";

// Returns ": text" and an empty line. Line ends in the text become spaces.
std::string CommentFrame(absl::string_view text);

// Returns the line "retry: N". A frame or a comment must follow.
std::string RetryLine(int64_t milliseconds);

// Appends the event, preceded by its comment if it has one. Line ends in its
// texts become spaces, which are equivalent in JSON. If `spans` is not null, it
// receives the positions of the texts in *out.
void AppendSseEvent(const StreamEvent& event, std::string* out,
                    EventSpans* spans = nullptr);

// Returns whether a value can be used unchanged as an event's name or ID: it
// has no CR, LF or NUL.
bool IsOneLine(absl::string_view value);

// Removes CR, LF and NUL from *s, starting at position `from`.
void RemoveLineEnds(size_t from, std::string* s);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_
