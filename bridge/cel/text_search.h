#ifndef SSE_BRIDGE_BRIDGE_CEL_TEXT_SEARCH_H_
#define SSE_BRIDGE_BRIDGE_CEL_TEXT_SEARCH_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace sse_bridge::cel {

// The byte at which `part` is found at or after byte `from`, or npos. In linear
// time. Requires from <= text.size().
size_t FindText(absl::string_view text, absl::string_view part, size_t from);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_TEXT_SEARCH_H_
