#ifndef SSE_BRIDGE_BRIDGE_BASE_NEAREST_NAME_H_
#define SSE_BRIDGE_BRIDGE_BASE_NEAREST_NAME_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sse_bridge {

// Returns the name that a misspelled one was probably meant to be: the most
// similar one, else the shortest one that begins with it. Empty if none is
// close. Case, and '-' for '_', do not count.
std::string NearestName(absl::string_view misspelled,
                        absl::Span<const std::string> names);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_NEAREST_NAME_H_
