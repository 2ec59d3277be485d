#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_

// The text of server-sent events (WHATWG HTML, "Server-sent events", section
// "Parsing an event stream"). Whatever is put in, no value breaks out of its
// line.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/base/stream_event.h"

namespace sse_bridge {

// What stands before the values of an event.
inline constexpr absl::string_view kSseName = "event: ";
inline constexpr absl::string_view kSseId = "id: ";
inline constexpr absl::string_view kSseData = "data: ";

// ": text" and an empty line. Line ends in the text become spaces.
std::string CommentFrame(absl::string_view text);

// "retry: N" as one line; a frame (or a comment) follows.
std::string RetryLine(int64_t milliseconds);

// Appends the event, after its comment if there is one. Line ends in its texts
// become spaces, which mean the same in JSON. `spans` may be null; else they
// are where the texts stand in *out.
void AppendSseEvent(const StreamEvent& event, std::string* out,
                    EventSpans* spans = nullptr);

// Whether a value can be an event's name or id as it is: no CR, LF or NUL.
bool IsOneLine(absl::string_view value);

// Removes CR, LF and NUL from the end of *s that begins at `from`.
void RemoveLineEnds(size_t from, std::string* s);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_
