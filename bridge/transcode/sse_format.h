#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_

// The text of server-sent events (WHATWG HTML, "Server-sent events", section
// "Parsing an event stream"). Whatever is put in, no value breaks out of its
// line.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/base/event_names.h"

namespace sse_bridge {

// ": text" and an empty line. Line ends in the text become spaces.
std::string CommentFrame(absl::string_view text);

// "retry: N" as one line; a frame (or a comment) follows.
std::string RetryLine(int64_t milliseconds);

// An event with data of one or several lines. Without a name, "message".
std::string EventFrame(absl::string_view event, absl::string_view data);

// The event that tells how a stream ended: a google.rpc.Status in JSON, after
// the id line if there is an `id`, which must be one line.
std::string StatusEvent(absl::string_view status_json,
                        absl::string_view id = {});

// Whether a value can be an event's name or id as it is: no CR, LF or NUL.
bool IsOneLine(absl::string_view value);

// Removes CR, LF and NUL from the end of *s that begins at `from`.
void RemoveLineEnds(size_t from, std::string* s);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_SSE_FORMAT_H_
