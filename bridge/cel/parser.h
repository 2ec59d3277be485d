#ifndef SSE_BRIDGE_BRIDGE_CEL_PARSER_H_
#define SSE_BRIDGE_BRIDGE_CEL_PARSER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/cel/ast.h"

namespace sse_bridge::cel {

// Parses an expression by the grammar of CEL, and the macros has, all, exists,
// exists_one (existsOne), map and filter. Operators that are calls are named
// "_+_", "-_" and so on. Errors are kInvalidArgument with "LINE:COLUMN: "
// before them; expressions beyond the bounds of ast.h are errors too.
absl::StatusOr<ExprPtr> Parse(absl::string_view text);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_PARSER_H_
