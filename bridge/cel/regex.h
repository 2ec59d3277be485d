#ifndef SSE_BRIDGE_BRIDGE_CEL_REGEX_H_
#define SSE_BRIDGE_BRIDGE_CEL_REGEX_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/cel/budget.h"
#include "bridge/cel/value.h"

namespace re2 {
class RE2;
}

namespace sse_bridge::cel {

// Regular expressions of RE2, in linear time and at most 1 MiB each.

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompilePattern(
    absl::string_view pattern);

// Whether the pattern is found somewhere in the text.
absl::StatusOr<Value> MatchPattern(const re2::RE2& pattern,
                                   absl::string_view text, Budget* budget);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_REGEX_H_
