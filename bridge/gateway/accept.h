#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_ACCEPT_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_ACCEPT_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/feed/formats/output_formats.h"

namespace sse_bridge {

// Chooses the format of a server stream by the request's Accept headers (RFC
// 9110, 12.5.1): the acceptable format with the highest quality, or the first
// one if qualities are equal or no Accept header is given. Returns null if no
// format is acceptable (406).
const OutputFormats::Entry* NegotiateFormat(
    const OutputFormats& formats, const std::vector<absl::string_view>& accept);

// Returns whether the client requests text/event-stream by name and prefers
// nothing else, as EventSource does. Streams of raw bytes have no content type
// before their first message and are sent as events only to such clients.
bool PrefersEvents(const std::vector<absl::string_view>& accept);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_ACCEPT_H_
