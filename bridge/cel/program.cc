#include "bridge/cel/program.h"

#include <utility>

#include "bridge/cel/checker.h"
#include "bridge/cel/evaluator.h"
#include "bridge/cel/parser.h"

namespace sse_bridge::cel {

Program::Program(std::string text, ExprPtr expr, Type type, Types types,
                 size_t variables)
    : text_(std::move(text)),
      expr_(std::move(expr)),
      type_(std::move(type)),
      types_(std::make_unique<const Types>(types)),
      variables_(variables) {}

absl::StatusOr<Value> Program::Run(Activation activation,
                                   Budget* budget) const {
  if (activation.size() != variables_) {
    return absl::InvalidArgumentError("1:1: not a value for each variable");
  }
  return Evaluate(text_, *expr_, activation, *types_, budget);
}

absl::StatusOr<Program> Compile(absl::string_view text,
                                const Declarations& declarations) {
  absl::StatusOr<ExprPtr> expr = Parse(text);
  if (!expr.ok()) return expr.status();
  absl::StatusOr<Type> type = Check(text, declarations, expr->get());
  if (!type.ok()) return type.status();
  return Program(std::string(text), *std::move(expr), *std::move(type),
                 declarations.types, declarations.variables.size());
}

}  // namespace sse_bridge::cel
