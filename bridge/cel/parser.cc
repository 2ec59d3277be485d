#include "bridge/cel/parser.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/cel/lexer.h"

namespace sse_bridge::cel {

namespace {

bool IsReserved(absl::string_view name) {
  for (const absl::string_view word :
       {"as",        "break", "const",  "continue", "else", "false", "for",
        "function",  "if",    "import", "in",       "let",  "loop",  "package",
        "namespace", "null",  "return", "true",     "var",  "void",  "while"}) {
    if (name == word) return true;
  }
  return false;
}

// Binary operators by precedence; 0 is none.
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

// Parses by recursive descent. After the first error, which it keeps, functions
// return null.
class Parser {
 public:
  Parser(absl::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  absl::StatusOr<ExprPtr> Run() {
    ExprPtr expr = Expression();
    if (expr != nullptr && Peek().kind != Token::Kind::kEnd) {
      expr = Fail(Peek(), "unexpected text");
    }
    if (expr == nullptr) return status_;
    return expr;
  }

 private:
  const Token& Peek() const { return tokens_[at_]; }
  const Token& Take() {
    const Token& token = tokens_[at_];
    if (token.kind != Token::Kind::kEnd) ++at_;
    return token;
  }
  bool Skip(absl::string_view punctuation) {
    if (!Peek().Is(punctuation)) return false;
    Take();
    return true;
  }
  bool Expect(absl::string_view punctuation) {
    if (Skip(punctuation)) return true;
    Fail(Peek(), absl::StrCat("expected '", punctuation, "'"));
    return false;
  }

  ExprPtr FailAt(int position, absl::string_view message) {
    if (status_.ok()) status_ = PositionError(text_, position, message);
    return nullptr;
  }
  ExprPtr Fail(const Token& token, absl::string_view message) {
    return FailAt(token.position,
                  token.kind == Token::Kind::kEnd
                      ? absl::StrCat("the expression ends early: ", message)
                      : std::string(message));
  }

  ExprPtr Node(Expr::Kind kind, int position, std::vector<ExprPtr> args = {}) {
    if (++nodes_ > kMaxNodes) {
      return FailAt(position, "the expression has too many parts");
    }
    auto expr = std::make_unique<Expr>();
    expr->kind = kind;
    expr->position = position;
    for (const ExprPtr& arg : args) {
      expr->height = std::max(expr->height, arg->height + 1);
    }
    expr->args = std::move(args);
    if (expr->height > kMaxDepth) {
      return FailAt(position, "the expression is nested too deeply");
    }
    return expr;
  }

  template <typename... Args>
  static std::vector<ExprPtr> List(Args... args) {
    std::vector<ExprPtr> list;
    (list.push_back(std::move(args)), ...);
    return list;
  }

  ExprPtr Expression() {
    if (++depth_ > kMaxDepth) {
      return Fail(Peek(), "the expression is nested too deeply");
    }
    ExprPtr condition = Binary(1);
    if (condition != nullptr && Peek().Is("?")) {
      const int position = Take().position;
      ExprPtr then = Binary(1);
      if (then == nullptr || !Expect(":")) return nullptr;
      ExprPtr otherwise = Expression();
      if (otherwise == nullptr) return nullptr;
      condition = Node(
          Expr::Kind::kConditional, position,
          List(std::move(condition), std::move(then), std::move(otherwise)));
    }
    --depth_;
    return condition;
  }

  ExprPtr Binary(int precedence) {
    if (precedence > 5) return Unary();
    ExprPtr left = Binary(precedence + 1);
    while (left != nullptr && Precedence(Peek()) == precedence) {
      const Token& op = Take();
      ExprPtr right = Binary(precedence + 1);
      if (right == nullptr) return nullptr;
      left = Operation(op, std::move(left), std::move(right));
    }
    return left;
  }

  ExprPtr Operation(const Token& op, ExprPtr left, ExprPtr right) {
    const auto logic = [&](Expr::Kind kind) -> ExprPtr {
      // A chain is one node, so that its length does not count as depth.
      if (left->kind == kind) {
        if (right->height + 1 > kMaxDepth) {
          return FailAt(op.position, "the expression is nested too deeply");
        }
        left->height = std::max(left->height, right->height + 1);
        left->args.push_back(std::move(right));
        return std::move(left);
      }
      return Node(kind, op.position, List(std::move(left), std::move(right)));
    };
    if (op.text == "||") return logic(Expr::Kind::kOr);
    if (op.text == "&&") return logic(Expr::Kind::kAnd);
    Expr::Kind kind = Expr::Kind::kCall;
    std::string name = absl::StrCat("_", op.text, "_");
    if (op.text == "==") {
      kind = Expr::Kind::kEqual;
    } else if (op.text == "!=") {
      kind = Expr::Kind::kNotEqual;
    } else if (op.text == "in") {
      kind = Expr::Kind::kIn;
    } else if (Precedence(op) == 3) {
      kind = Expr::Kind::kCompare;
      name = op.text;
    }
    ExprPtr expr =
        Node(kind, op.position, List(std::move(left), std::move(right)));
    if (expr != nullptr) expr->name = std::move(name);
    return expr;
  }

  ExprPtr Unary() {
    const Token& op = Peek();
    if (!op.Is("!") && !op.Is("-")) return Member();
    Take();
    if (op.Is("-") && (Peek().kind == Token::Kind::kInt ||
                       Peek().kind == Token::Kind::kDouble)) {
      return Member(/*negative=*/true);
    }
    if (++depth_ > kMaxDepth) {
      return Fail(op, "the expression is nested too deeply");
    }
    ExprPtr operand = Unary();
    --depth_;
    if (operand == nullptr) return nullptr;
    ExprPtr expr =
        Node(Expr::Kind::kCall, op.position, List(std::move(operand)));
    if (expr != nullptr) expr->name = absl::StrCat(op.text, "_");
    return expr;
  }

  ExprPtr Member(bool negative = false) {
    ExprPtr expr = Primary(negative);
    while (expr != nullptr) {
      const int position = Peek().position;
      if (Skip(".")) {
        expr = Selected(std::move(expr), position);
      } else if (Skip("[")) {
        ExprPtr index = Expression();
        if (index == nullptr || !Expect("]")) return nullptr;
        expr = Node(Expr::Kind::kIndex, position,
                    List(std::move(expr), std::move(index)));
      } else if (Peek().Is("{")) {
        std::string name;
        bool absolute = false;
        if (!TypeName(*expr, &name, &absolute)) return expr;
        Take();
        expr = MessageLiteral(std::move(name), absolute, expr->position);
      } else {
        return expr;
      }
    }
    return nullptr;
  }

  // The name that selections of a name spell: "a.b.C".
  static bool TypeName(const Expr& expr, std::string* name, bool* absolute) {
    if (expr.kind == Expr::Kind::kName) {
      *name = expr.name;
      *absolute = expr.absolute;
      return true;
    }
    if (expr.kind != Expr::Kind::kSelect || expr.presence ||
        !TypeName(*expr.args[0], name, absolute)) {
      return false;
    }
    absl::StrAppend(name, ".", expr.name);
    return true;
  }

  ExprPtr Selected(ExprPtr operand, int position) {
    const Token& name = Take();
    if (name.kind != Token::Kind::kName &&
        name.kind != Token::Kind::kQuotedName) {
      return Fail(name, "expected a name after '.'");
    }
    if (name.kind == Token::Kind::kName && Skip("(")) {
      std::optional<std::vector<ExprPtr>> args = Elements(")");
      if (!args.has_value()) return nullptr;
      return Call(name, std::move(operand), *std::move(args));
    }
    if (name.kind == Token::Kind::kName &&
        (name.text == "in" || name.text == "true" || name.text == "false" ||
         name.text == "null")) {
      return Fail(name, "a keyword cannot be selected");
    }
    ExprPtr expr =
        Node(Expr::Kind::kSelect, position, List(std::move(operand)));
    if (expr != nullptr) expr->name = name.text;
    return expr;
  }

  // The elements before `end`, which may follow a comma, except of calls.
  std::optional<std::vector<ExprPtr>> Elements(absl::string_view end) {
    std::vector<ExprPtr> elements;
    if (Skip(end)) return elements;
    while (true) {
      ExprPtr element = Expression();
      if (element == nullptr) return std::nullopt;
      elements.push_back(std::move(element));
      if (Skip(end)) return elements;
      if (!Expect(",")) return std::nullopt;
      if (end != ")" && Skip(end)) return elements;
    }
  }

  ExprPtr Call(const Token& name, ExprPtr receiver, std::vector<ExprPtr> args) {
    const bool member = receiver != nullptr;
    if (!member && name.text == "has" && args.size() == 1) {
      if (args[0]->kind != Expr::Kind::kSelect || args[0]->presence) {
        return Fail(name, "has() takes a selection such as has(a.b)");
      }
      args[0]->presence = true;
      return std::move(args[0]);
    }
    if (member) {
      if (const std::optional<Expr::Macro> macro =
              MacroOf(name.text, args.size())) {
        return MacroCall(name, *macro, std::move(receiver), std::move(args));
      }
      args.insert(args.begin(), std::move(receiver));
    }
    ExprPtr expr = Node(Expr::Kind::kCall, name.position, std::move(args));
    if (expr == nullptr) return nullptr;
    expr->name = name.text;
    expr->receiver = member;
    return expr;
  }

  static std::optional<Expr::Macro> MacroOf(absl::string_view name,
                                            size_t args) {
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

  ExprPtr MacroCall(const Token& name, Expr::Macro macro, ExprPtr range,
                    std::vector<ExprPtr> args) {
    if (args[0]->kind != Expr::Kind::kName || args[0]->absolute) {
      return FailAt(args[0]->position,
                    "the first argument of a macro is the name of a variable");
    }
    std::string variable = std::move(args[0]->name);
    args[0] = std::move(range);
    ExprPtr expr = Node(Expr::Kind::kMacro, name.position, std::move(args));
    if (expr == nullptr) return nullptr;
    expr->name = std::move(variable);
    expr->macro = macro;
    return expr;
  }

  ExprPtr Primary(bool negative) {
    const Token& token = Take();
    switch (token.kind) {
      case Token::Kind::kName:
        return NameOrCall(token, /*absolute=*/false);
      case Token::Kind::kString:
        return Literal(token, Value::OwnString(token.text));
      case Token::Kind::kBytes:
        return Literal(token, Value::OwnBytes(token.text));
      case Token::Kind::kInt:
      case Token::Kind::kUint:
      case Token::Kind::kDouble:
        return Number(token, negative);
      case Token::Kind::kPunctuation:
        break;
      default:
        return Fail(token, "expected a value");
    }
    if (token.text == "(") {
      ExprPtr expr = Expression();
      if (expr == nullptr || !Expect(")")) return nullptr;
      return expr;
    }
    if (token.text == "[") {
      std::optional<std::vector<ExprPtr>> elements = Elements("]");
      if (!elements.has_value()) return nullptr;
      return Node(Expr::Kind::kList, token.position, *std::move(elements));
    }
    if (token.text == "{") return MapLiteral(token.position);
    if (token.text == ".") {
      const Token& name = Take();
      if (name.kind == Token::Kind::kName) return NameOrCall(name, true);
      return Fail(name, "expected a name after '.'");
    }
    return Fail(token, "expected a value");
  }

  ExprPtr Literal(const Token& token, Value value) {
    ExprPtr expr = Node(Expr::Kind::kLiteral, token.position);
    if (expr != nullptr) expr->value = std::move(value);
    return expr;
  }

  ExprPtr NameOrCall(const Token& name, bool absolute) {
    if (!absolute) {
      if (name.text == "null") return Literal(name, Value());
      if (name.text == "true") return Literal(name, Value::Bool(true));
      if (name.text == "false") return Literal(name, Value::Bool(false));
    }
    if (IsReserved(name.text)) return Fail(name, "a reserved word");
    if (Skip("(")) {
      std::optional<std::vector<ExprPtr>> args = Elements(")");
      if (!args.has_value()) return nullptr;
      return Call(name, nullptr, *std::move(args));
    }
    ExprPtr expr = Node(Expr::Kind::kName, name.position);
    if (expr == nullptr) return nullptr;
    expr->name = name.text;
    expr->absolute = absolute;
    return expr;
  }

  ExprPtr Number(const Token& token, bool negative) {
    if (token.kind == Token::Kind::kDouble) {
      double value = 0;
      if (!absl::SimpleAtod(token.text, &value)) {
        return Fail(token, "not a number");
      }
      return Literal(token, Value::Double(negative ? -value : value));
    }
    uint64_t value = 0;
    if (absl::StartsWith(token.text, "0x")
            ? !absl::SimpleHexAtoi(token.text, &value)
            : !absl::SimpleAtoi(token.text, &value)) {
      return Fail(token, "a number out of range");
    }
    if (token.kind == Token::Kind::kUint) {
      return Literal(token, Value::Uint(value));
    }
    constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
    if (value > kMax + (negative ? 1 : 0)) {
      return Fail(token, "a number out of range");
    }
    return Literal(token,
                   Value::Int(static_cast<int64_t>(negative ? -value : value)));
  }

  ExprPtr MapLiteral(int position) {
    std::vector<ExprPtr> entries;
    while (!Skip("}")) {
      ExprPtr key = Expression();
      if (key == nullptr || !Expect(":")) return nullptr;
      ExprPtr value = Expression();
      if (value == nullptr) return nullptr;
      entries.push_back(std::move(key));
      entries.push_back(std::move(value));
      if (!Peek().Is("}") && !Expect(",")) return nullptr;
    }
    return Node(Expr::Kind::kMap, position, std::move(entries));
  }

  ExprPtr MessageLiteral(std::string name, bool absolute, int position) {
    std::vector<std::string> fields;
    std::vector<ExprPtr> values;
    while (!Skip("}")) {
      const Token& field = Take();
      if (field.kind != Token::Kind::kName &&
          field.kind != Token::Kind::kQuotedName) {
        return Fail(field, "expected the name of a field");
      }
      if (!Expect(":")) return nullptr;
      ExprPtr value = Expression();
      if (value == nullptr) return nullptr;
      fields.push_back(field.text);
      values.push_back(std::move(value));
      if (!Peek().Is("}") && !Expect(",")) return nullptr;
    }
    ExprPtr expr = Node(Expr::Kind::kMessage, position, std::move(values));
    if (expr == nullptr) return nullptr;
    expr->name = std::move(name);
    expr->absolute = absolute;
    expr->fields = std::move(fields);
    return expr;
  }

  const absl::string_view text_;
  const std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int nodes_ = 0;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<ExprPtr> Parse(absl::string_view text) {
  absl::StatusOr<std::vector<Token>> tokens = Tokenize(text);
  if (!tokens.ok()) return tokens.status();
  return Parser(text, *std::move(tokens)).Run();
}

}  // namespace sse_bridge::cel
