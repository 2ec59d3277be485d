#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_ACCEPT_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_ACCEPT_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/feed/formats/output_formats.h"

namespace sse_bridge {

// The format of a server stream by the request's Accept headers (RFC 9110,
// 12.5.1): the acceptable one with the highest quality; the first of them where
// all are equal or none is given. Null: none of them is acceptable (406).
const OutputFormats::Entry* NegotiateFormat(
    const OutputFormats& formats, const std::vector<absl::string_view>& accept);

// Whether the client asks for text/event-stream by that name, and for nothing
// rather than that: what EventSource does. Streams of raw bytes, which have no
// content type before their first message, are events for such a client only.
bool PrefersEvents(const std::vector<absl::string_view>& accept);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_ACCEPT_H_
