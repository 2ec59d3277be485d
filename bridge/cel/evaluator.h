#ifndef SSE_BRIDGE_BRIDGE_CEL_EVALUATOR_H_
#define SSE_BRIDGE_BRIDGE_CEL_EVALUATOR_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/cel/ast.h"
#include "bridge/cel/budget.h"
#include "bridge/cel/program.h"

namespace sse_bridge::cel {

// Evaluates an expression that the checker resolved. See Program::Run.
absl::StatusOr<Value> Evaluate(absl::string_view text, const Expr& expr,
                               Activation activation, const Types& types,
                               Budget* budget);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_EVALUATOR_H_
