#ifndef SSE_BRIDGE_BRIDGE_ACCESS_STRICT_JSON_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_STRICT_JSON_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {

// Parses one JSON object (RFC 8259), more strictly: returns nullopt for
// duplicate member names, a byte order mark, NUL, invalid UTF-8, and nesting
// deeper than `max_depth` (the outermost object is 1). So no two parsers can
// read the same text differently (RFC 7519 section 4). Never throws.
std::optional<nlohmann::json> ParseStrictJsonObject(absl::string_view text,
                                                    int max_depth);

// Returns the member `name` of `object`, or null if absent.
const nlohmann::json* FindMember(const nlohmann::json& object,
                                 absl::string_view name);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_STRICT_JSON_H_
