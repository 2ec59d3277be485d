#ifndef SSE_BRIDGE_BRIDGE_CEL_PROGRAM_H_
#define SSE_BRIDGE_BRIDGE_CEL_PROGRAM_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/cel/ast.h"
#include "bridge/cel/budget.h"
#include "bridge/cel/type.h"
#include "bridge/cel/value.h"

namespace sse_bridge::cel {

struct Variable {
  std::string name;  // may be qualified: "a.b"
  Type type;
};

// What an expression may refer to.
struct Declarations {
  // Outlives programs and their values. The factory makes messages of the
  // pool's types, and is thread-safe.
  Types types;
  std::vector<Variable> variables;
  // Names are looked up in this package, and those around it, first.
  std::string container;
  // Without, errors of types and unknown names are errors of evaluation.
  bool check_types = true;
};

// The values of the declared variables, in the same order.
using Activation = absl::Span<const Value>;

// A compiled expression: see https://github.com/google/cel-spec. Immutable and
// thread-safe.
class Program {
 public:
  Program(Program&&) = default;
  Program& operator=(Program&&) = default;

  // Evaluates the expression, recursively to the depth of kMaxDepth. Errors are
  //   kResourceExhausted  the budget is used up
  //   others              the expression failed, such as 1/0
  // with the position: "1:5: division by zero". The value may borrow from the
  // program, from `activation` and from its messages.
  absl::StatusOr<Value> Run(Activation activation, Budget* budget) const;

  // The type of the result, as far as it is known.
  const Type& type() const { return type_; }
  const std::string& text() const { return text_; }

 private:
  friend absl::StatusOr<Program> Compile(absl::string_view text,
                                         const Declarations& declarations);
  Program(std::string text, ExprPtr expr, Type type, Types types,
          size_t variables);

  std::string text_;
  ExprPtr expr_;
  Type type_;
  std::unique_ptr<const Types> types_;  // at a fixed place: lists point to it
  size_t variables_;
};

// Parses and checks an expression. Errors are kInvalidArgument with the
// position: "1:5: there is no variable x".
absl::StatusOr<Program> Compile(absl::string_view text,
                                const Declarations& declarations);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_PROGRAM_H_
