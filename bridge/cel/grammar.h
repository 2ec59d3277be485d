#ifndef SSE_BRIDGE_BRIDGE_CEL_GRAMMAR_H_
#define SSE_BRIDGE_BRIDGE_CEL_GRAMMAR_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/cel/ast.h"
#include "bridge/cel/lexer.h"

namespace sse_bridge::cel {

// What single tokens mean to the parser.

// Whether a name may not be that of a variable or function.
bool IsReserved(absl::string_view name);

// The precedence of a binary operator, from 1 to 5; 0 for any other token.
int Precedence(const Token& token);

// The kind and name of the node that a binary operator makes.
Expr::Kind OperatorKind(const Token& op, std::string* name);

// The macro that a method with so many arguments is.
std::optional<Expr::Macro> MacroOf(absl::string_view name, size_t args);

// The value of a number, after a minus sign if `negative`. Fails where it is
// out of the range of its type.
absl::StatusOr<Value> NumberLiteral(const Token& token, bool negative);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_GRAMMAR_H_
