#ifndef SSE_BRIDGE_BRIDGE_CEL_CHECKER_H_
#define SSE_BRIDGE_BRIDGE_CEL_CHECKER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/cel/ast.h"
#include "bridge/cel/program.h"
#include "bridge/cel/type.h"

namespace sse_bridge::cel {

// Resolves the names of an expression and, unless `declarations` say otherwise,
// checks its types. Returns the type of its result. Errors are kInvalidArgument
// with the position in `text`.
absl::StatusOr<Type> Check(absl::string_view text,
                           const Declarations& declarations, Expr* expr);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_CHECKER_H_
