#ifndef SSE_BRIDGE_BRIDGE_CEL_FUNCTIONS_H_
#define SSE_BRIDGE_BRIDGE_CEL_FUNCTIONS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/cel/ast.h"
#include "bridge/cel/budget.h"
#include "bridge/cel/type.h"
#include "bridge/cel/value.h"

namespace sse_bridge::cel {

// What a function is given besides its arguments.
struct CallContext {
  const Types& types;
  Budget* budget;
  const Expr& expr;
};

using Args = absl::Span<const Value>;
using Result = absl::StatusOr<Value>;
using Function = Result (*)(Args args, const CallContext& context);

// A function, or an operator that is called like one, for arguments of certain
// types. `params` has a letter for each argument, the receiver first; `result`
// is one such letter:
//   b bool, i int, u uint, d double, s string, y bytes, t timestamp,
//   D duration, n null, T type, L list, M map, * anything
struct Overload {
  absl::string_view name;
  bool receiver;
  absl::string_view params;
  char result;
  Function function;
};

// All overloads of a name, for a call with or without a receiver; empty if
// there is no such function.
std::vector<const Overload*> FindOverloads(absl::string_view name,
                                           bool receiver);

// Whether the arguments are of the overload's types.
bool Accepts(const Overload& overload, absl::Span<const Value> args);
bool Accepts(const Overload& overload, const std::vector<Type>& args);

// The type that a letter stands for.
Type TypeOfLetter(char letter);

// The tables, one for each source file.
absl::Span<const Overload> ArithmeticFunctions();
absl::Span<const Overload> ConversionFunctions();
absl::Span<const Overload> TimeFunctions();
absl::Span<const Overload> StringFunctions();
absl::Span<const Overload> StringExtensions();
absl::Span<const Overload> FormatFunctions();
absl::Span<const Overload> ValidationFunctions();

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_FUNCTIONS_H_
