#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_RAW_BODY_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_RAW_BODY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The content type that a backend gives its google.api.HttpBody, as a header
// can have it.
std::string SafeContentType(absl::string_view type);

// Headers that keep such a body from acting as a page of ours, whatever it is.
std::vector<std::pair<std::string, std::string>> RawBodyHeaders();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_RAW_BODY_H_
