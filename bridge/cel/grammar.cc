#include "bridge/cel/grammar.h"

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge::cel {

bool IsReserved(absl::string_view name) {
  for (const absl::string_view word :
       {"as",        "break", "const",  "continue", "else", "false", "for",
        "function",  "if",    "import", "in",       "let",  "loop",  "package",
        "namespace", "null",  "return", "true",     "var",  "void",  "while"}) {
    if (name == word) return true;
  }
  return false;
}

int Precedence(const Token& token) {
  if (token.kind == Token::Kind::kName) return token.text == "in" ? 3 : 0;
  if (token.kind != Token::Kind::kPunctuation) return 0;
  const absl::string_view op = token.text;
  if (op == "||") return 1;
  if (op == "&&") return 2;
  if (op == "==" || op == "!=" || op == "<" || op == "<=" || op == ">" ||
      op == ">=") {
    return 3;
  }
  if (op == "+" || op == "-") return 4;
  if (op == "*" || op == "/" || op == "%") return 5;
  return 0;
}

Expr::Kind OperatorKind(const Token& op, std::string* name) {
  Expr::Kind kind = Expr::Kind::kCall;
  *name = absl::StrCat("_", op.text, "_");
  if (op.text == "&&") {
    kind = Expr::Kind::kAnd;
  } else if (op.text == "||") {
    kind = Expr::Kind::kOr;
  } else if (op.text == "==") {
    kind = Expr::Kind::kEqual;
  } else if (op.text == "!=") {
    kind = Expr::Kind::kNotEqual;
  } else if (op.text == "in") {
    kind = Expr::Kind::kIn;
  } else if (Precedence(op) == 3) {
    kind = Expr::Kind::kCompare;
    *name = op.text;
  }
  return kind;
}

std::optional<Expr::Macro> MacroOf(absl::string_view name, size_t args) {
  if (name == "map" && (args == 2 || args == 3)) return Expr::Macro::kMap;
  if (args != 2) return std::nullopt;
  if (name == "all") return Expr::Macro::kAll;
  if (name == "exists") return Expr::Macro::kExists;
  if (name == "exists_one" || name == "existsOne") {
    return Expr::Macro::kExistsOne;
  }
  if (name == "filter") return Expr::Macro::kFilter;
  return std::nullopt;
}

absl::StatusOr<Value> NumberLiteral(const Token& token, bool negative) {
  if (token.kind == Token::Kind::kDouble) {
    double value = 0;
    if (!absl::SimpleAtod(token.text, &value)) {
      return absl::InvalidArgumentError("not a number");
    }
    return Value::Double(negative ? -value : value);
  }
  const auto out_of_range = [] {
    return absl::InvalidArgumentError("a number out of range");
  };
  uint64_t value = 0;
  if (absl::StartsWith(token.text, "0x")
          ? !absl::SimpleHexAtoi(token.text, &value)
          : !absl::SimpleAtoi(token.text, &value)) {
    return out_of_range();
  }
  if (token.kind == Token::Kind::kUint) return Value::Uint(value);
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (value > kMax + (negative ? 1 : 0)) return out_of_range();
  return Value::Int(static_cast<int64_t>(negative ? -value : value));
}

}  // namespace sse_bridge::cel
