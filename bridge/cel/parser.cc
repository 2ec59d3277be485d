#include "bridge/cel/parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/strings/str_cat.h"
#include "bridge/cel/grammar.h"
#include "bridge/cel/lexer.h"
#include "bridge/cel/names.h"

namespace sse_bridge::cel {

namespace {

// Parses by recursive descent. What calls itself is not inlined, so that a
// level of depth needs little stack. After the first error, which it keeps,
// functions return null.
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

  ABSL_ATTRIBUTE_NOINLINE ExprPtr FailAt(int position,
                                         absl::string_view message) {
    if (status_.ok()) status_ = PositionError(text_, position, message);
    return nullptr;
  }
  ABSL_ATTRIBUTE_NOINLINE ExprPtr Fail(const Token& token,
                                       absl::string_view message) {
    return FailAt(token.position,
                  token.kind == Token::Kind::kEnd
                      ? absl::StrCat("the expression ends early: ", message)
                      : std::string(message));
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Node(Expr::Kind kind, int position,
                                       std::vector<ExprPtr> args = {}) {
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

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Expression() {
    if (++depth_ > kMaxNesting) {
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

  // Operators of at least this precedence, all of which associate to the left.
  ABSL_ATTRIBUTE_NOINLINE ExprPtr Binary(int lowest) {
    ExprPtr left = Unary();
    while (left != nullptr) {
      const int precedence = Precedence(Peek());
      if (precedence < lowest) return left;
      const Token& op = Take();
      ExprPtr right = Binary(precedence + 1);
      if (right == nullptr) return nullptr;
      left = Operation(op, std::move(left), std::move(right));
    }
    return nullptr;
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Operation(const Token& op, ExprPtr left,
                                            ExprPtr right) {
    std::string name;
    const Expr::Kind kind = OperatorKind(op, &name);
    // A chain is one node, so that its length does not count as depth.
    if ((kind == Expr::Kind::kAnd || kind == Expr::Kind::kOr) &&
        left->kind == kind && right->height < kMaxDepth) {
      left->height = std::max(left->height, right->height + 1);
      left->args.push_back(std::move(right));
      return left;
    }
    ExprPtr expr =
        Node(kind, op.position, List(std::move(left), std::move(right)));
    if (expr != nullptr) expr->name = std::move(name);
    return expr;
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Unary() {
    const Token& op = Peek();
    if (!op.Is("!") && !op.Is("-")) return Member();
    Take();
    if (op.Is("-") && (Peek().kind == Token::Kind::kInt ||
                       Peek().kind == Token::Kind::kDouble)) {
      return Member(/*negative=*/true);
    }
    if (++depth_ > kMaxNesting) {
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

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Member(bool negative = false) {
    ExprPtr expr = Primary(negative);
    while (expr != nullptr) {
      const int position = Peek().position;
      if (Skip(".")) {
        expr = Selected(std::move(expr), position);
      } else if (Skip("[")) {
        expr = Indexed(std::move(expr), position);
      } else if (Peek().Is("{")) {
        bool literal = true;
        expr = MessageLiteral(std::move(expr), &literal);
        if (!literal) return expr;
      } else {
        return expr;
      }
    }
    return nullptr;
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Indexed(ExprPtr operand, int position) {
    ExprPtr index = Expression();
    if (index == nullptr || !Expect("]")) return nullptr;
    return Node(Expr::Kind::kIndex, position,
                List(std::move(operand), std::move(index)));
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Selected(ExprPtr operand, int position) {
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
  ABSL_ATTRIBUTE_NOINLINE std::optional<std::vector<ExprPtr>> Elements(
      absl::string_view end) {
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

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Call(const Token& name, ExprPtr receiver,
                                       std::vector<ExprPtr> args) {
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

  ABSL_ATTRIBUTE_NOINLINE ExprPtr MacroCall(const Token& name,
                                            Expr::Macro macro, ExprPtr range,
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

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Primary(bool negative) {
    const Token& token = Take();
    switch (token.kind) {
      case Token::Kind::kName:
        return NameOrCall(token, /*absolute=*/false);
      case Token::Kind::kString:
      case Token::Kind::kBytes:
        return Text(token);
      case Token::Kind::kInt:
      case Token::Kind::kUint:
      case Token::Kind::kDouble:
        return Number(token, negative);
      default:
        break;
    }
    if (token.Is("(")) return Parenthesized();
    if (token.Is("[")) return ListLiteral(token.position);
    if (token.Is("{")) return MapLiteral(token.position);
    if (token.Is(".") && Peek().kind == Token::Kind::kName) {
      return NameOrCall(Take(), /*absolute=*/true);
    }
    return Fail(token, token.Is(".") ? "expected a name after '.'"
                                     : "expected a value");
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Parenthesized() {
    ExprPtr expr = Expression();
    if (expr == nullptr || !Expect(")")) return nullptr;
    return expr;
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr ListLiteral(int position) {
    std::optional<std::vector<ExprPtr>> elements = Elements("]");
    if (!elements.has_value()) return nullptr;
    return Node(Expr::Kind::kList, position, *std::move(elements));
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Text(const Token& token) {
    return Literal(token, token.kind == Token::Kind::kBytes
                              ? Value::OwnBytes(token.text)
                              : Value::OwnString(token.text));
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Literal(const Token& token, Value value) {
    ExprPtr expr = Node(Expr::Kind::kLiteral, token.position);
    if (expr != nullptr) expr->value = std::move(value);
    return expr;
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr NameOrCall(const Token& name, bool absolute) {
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

  ABSL_ATTRIBUTE_NOINLINE ExprPtr Number(const Token& token, bool negative) {
    absl::StatusOr<Value> value = NumberLiteral(token, negative);
    if (!value.ok()) return Fail(token, value.status().message());
    return Literal(token, *std::move(value));
  }

  ABSL_ATTRIBUTE_NOINLINE ExprPtr MapLiteral(int position) {
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

  // Returns `type` and sets `*literal` to false if it does not spell a name.
  ABSL_ATTRIBUTE_NOINLINE ExprPtr MessageLiteral(ExprPtr type, bool* literal) {
    const Expr* root = nullptr;
    std::string name = QualifiedName(*type, &root);
    *literal = !name.empty();
    if (name.empty()) return type;
    Take();
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
    ExprPtr expr =
        Node(Expr::Kind::kMessage, type->position, std::move(values));
    if (expr == nullptr) return nullptr;
    expr->name = std::move(name);
    expr->absolute = root->absolute;
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
