#ifndef SSE_BRIDGE_BRIDGE_ACCESS_STRICT_JSON_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_STRICT_JSON_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {

// Parses one JSON object, as RFC 8259 has it and stricter: a member name twice
// in one object, a byte order mark, NUL, invalid UTF-8 and nesting beyond
// `max_depth` (the outermost object is 1) give nothing. Two readers of such a
// text can therefore not disagree about what it says (RFC 7519 section 4).
// Never throws.
std::optional<nlohmann::json> ParseStrictJsonObject(absl::string_view text,
                                                    int max_depth);

// The member `name` of `object`, or null when there is none.
const nlohmann::json* FindMember(const nlohmann::json& object,
                                 absl::string_view name);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_STRICT_JSON_H_
