#include "bridge/cel/checker.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/lexer.h"
#include "bridge/cel/names.h"
#include "bridge/cel/regex.h"

namespace sse_bridge::cel {

namespace {

namespace pb = ::google::protobuf;

class Checker {
 public:
  Checker(absl::string_view text, const Declarations& declarations)
      : text_(text), declarations_(declarations) {}

  absl::StatusOr<Type> Run(Expr* expr) {
    Type type = Visit(expr);
    if (!status_.ok()) return status_;
    return type;
  }

 private:
  // Keeps the first error. What cannot be typed is dyn.
  ABSL_ATTRIBUTE_NOINLINE Type Fail(const Expr& expr,
                                    absl::string_view message) {
    if (status_.ok() && declarations_.check_types) {
      status_ = PositionError(text_, expr.position, message);
    }
    return Type::Kind::kDyn;
  }

  // An error even if types are not checked.
  void FailAlways(const Expr& expr, absl::string_view message) {
    if (status_.ok()) status_ = PositionError(text_, expr.position, message);
  }

  ABSL_ATTRIBUTE_NOINLINE void Require(const Expr& expr, const Type& type,
                                       Type::Kind kind) {
    if (!Type::Compatible(type, kind)) {
      Fail(expr,
           absl::StrCat("expected ", Type(kind).Name(), ", not ", type.Name()));
    }
  }

  int FindLocal(absl::string_view name) const {
    for (size_t i = locals_.size(); i-- > 0;) {
      if (locals_[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }

  // Replaces an expression that spells the name of a variable, of a type or of
  // an enum's value.
  ABSL_ATTRIBUTE_NOINLINE bool Resolve(Expr* expr, Type* type) {
    const Expr* root = nullptr;
    const std::string name = QualifiedName(*expr, &root);
    if (name.empty()) return false;
    if (!root->absolute) {
      if (const int local = FindLocal(root->name); local >= 0) {
        if (root != expr) return false;
        expr->kind = Expr::Kind::kLocal;
        expr->slot = local;
        *type = locals_[local].type;
        return true;
      }
    }
    for (const std::string& candidate :
         CandidateNames(declarations_.container, name, root->absolute)) {
      for (size_t i = 0; i < declarations_.variables.size(); ++i) {
        if (declarations_.variables[i].name != candidate) continue;
        expr->kind = Expr::Kind::kVariable;
        expr->args.clear();
        expr->slot = static_cast<int>(i);
        *type = declarations_.variables[i].type;
        return true;
      }
      Value constant;
      if (!FindConstant(*declarations_.types.pool, candidate, &constant))
        continue;
      *type = constant.kind();
      expr->kind = Expr::Kind::kLiteral;
      expr->args.clear();
      expr->value = std::move(constant);
      return true;
    }
    return false;
  }

  // What it calls is not inlined, so that a level of the tree needs little
  // stack.
  Type Visit(Expr* expr) {
    switch (expr->kind) {
      case Expr::Kind::kLiteral:
        return expr->value.kind();
      case Expr::Kind::kName:
      case Expr::Kind::kSelect:
        return NameOrSelect(expr);
      case Expr::Kind::kIndex:
        return Index(expr);
      case Expr::Kind::kAnd:
      case Expr::Kind::kOr:
        return Logic(expr);
      case Expr::Kind::kConditional:
        return Conditional(expr);
      case Expr::Kind::kEqual:
      case Expr::Kind::kNotEqual:
        return Equality(expr);
      case Expr::Kind::kCompare:
        return Ordering(expr);
      case Expr::Kind::kIn:
        return In(expr);
      case Expr::Kind::kCall:
        return Call(expr);
      case Expr::Kind::kList:
        return ListLiteral(expr);
      case Expr::Kind::kMap:
        return MapLiteral(expr);
      case Expr::Kind::kMessage:
        return MessageLiteral(expr);
      case Expr::Kind::kMacro:
        return Macro(expr);
      case Expr::Kind::kVariable:
      case Expr::Kind::kLocal:
        break;
    }
    return Type::Kind::kDyn;
  }

  ABSL_ATTRIBUTE_NOINLINE Type NameOrSelect(Expr* expr) {
    Type type;
    if (!expr->presence && Resolve(expr, &type)) return type;
    if (expr->kind == Expr::Kind::kSelect) return Select(expr);
    return Fail(*expr, absl::StrCat("there is no variable ", expr->name));
  }

  ABSL_ATTRIBUTE_NOINLINE Type Logic(Expr* expr) {
    for (const ExprPtr& arg : expr->args) {
      Require(*arg, Visit(arg.get()), Type::Kind::kBool);
    }
    return Type::Kind::kBool;
  }

  ABSL_ATTRIBUTE_NOINLINE Type Conditional(Expr* expr) {
    Require(*expr->args[0], Visit(expr->args[0].get()), Type::Kind::kBool);
    const Type then = Visit(expr->args[1].get());
    const Type otherwise = Visit(expr->args[2].get());
    if (!Type::Compatible(then, otherwise)) {
      return Mismatch(*expr, "?:", {then, otherwise});
    }
    return Type::Join(then, otherwise);
  }

  ABSL_ATTRIBUTE_NOINLINE Type Equality(Expr* expr) {
    const Type left = Visit(expr->args[0].get());
    const Type right = Visit(expr->args[1].get());
    if (!Type::Compatible(left, right)) {
      return Mismatch(*expr, expr->name, {left, right});
    }
    return Type::Kind::kBool;
  }

  ABSL_ATTRIBUTE_NOINLINE Type ListLiteral(Expr* expr) {
    if (expr->args.empty()) return Type::ListOf(Type::Kind::kDyn);
    return Type::ListOf(JoinAll(expr, 0, 1));
  }

  ABSL_ATTRIBUTE_NOINLINE Type MapLiteral(Expr* expr) {
    if (expr->args.empty()) {
      return Type::MapOf(Type::Kind::kDyn, Type::Kind::kDyn);
    }
    Type key = JoinAll(expr, 0, 2);
    return Type::MapOf(std::move(key), JoinAll(expr, 1, 2));
  }

  ABSL_ATTRIBUTE_NOINLINE Type Mismatch(const Expr& expr,
                                        absl::string_view name,
                                        const std::vector<Type>& types) {
    std::vector<std::string> names;
    names.reserve(types.size());
    for (const Type& type : types) names.push_back(type.Name());
    return Fail(expr, absl::StrCat("no matching overload for '", name,
                                   "' with ", absl::StrJoin(names, ", ")));
  }

  ABSL_ATTRIBUTE_NOINLINE Type JoinAll(Expr* expr, size_t first, size_t step) {
    Type all = Visit(expr->args[first].get());
    for (size_t i = first + step; i < expr->args.size(); i += step) {
      all = Type::Join(all, Visit(expr->args[i].get()));
    }
    return all;
  }

  ABSL_ATTRIBUTE_NOINLINE Type Select(Expr* expr) {
    const Type operand = Visit(expr->args[0].get());
    if (operand.Is(Type::Kind::kDyn)) {
      return expr->presence ? Type::Kind::kBool : Type::Kind::kDyn;
    }
    if (operand.Is(Type::Kind::kMap)) {
      if (!Type::Compatible(operand.key(), Type::Kind::kString)) {
        return Fail(*expr, "a map whose keys are not strings has no fields");
      }
      return expr->presence ? Type(Type::Kind::kBool) : operand.element();
    }
    if (!operand.Is(Type::Kind::kMessage)) {
      return Fail(*expr, absl::StrCat("a ", operand.Name(), " has no fields"));
    }
    const pb::FieldDescriptor* field =
        operand.message()->FindFieldByName(expr->name);
    if (field == nullptr) {
      return Fail(*expr, absl::StrCat("no field ", expr->name, " in ",
                                      operand.message()->full_name()));
    }
    return expr->presence ? Type(Type::Kind::kBool) : Type::OfField(field);
  }

  ABSL_ATTRIBUTE_NOINLINE Type Index(Expr* expr) {
    const Type operand = Visit(expr->args[0].get());
    const Type index = Visit(expr->args[1].get());
    if (operand.Is(Type::Kind::kDyn)) return operand;
    if (operand.Is(Type::Kind::kList) &&
        Type::Compatible(index, Type::Kind::kInt)) {
      return operand.element();
    }
    if (operand.Is(Type::Kind::kMap) &&
        (Type::Compatible(index, operand.key()) || IsNumber(index))) {
      return operand.element();
    }
    return Mismatch(*expr, "[]", {operand, index});
  }

  static bool IsNumber(const Type& type) {
    return type.Is(Type::Kind::kInt) || type.Is(Type::Kind::kUint) ||
           type.Is(Type::Kind::kDouble);
  }

  ABSL_ATTRIBUTE_NOINLINE Type Ordering(Expr* expr) {
    const Type left = Visit(expr->args[0].get());
    const Type right = Visit(expr->args[1].get());
    bool known = IsNumber(left) && IsNumber(right);
    for (const Type::Kind kind :
         {Type::Kind::kBool, Type::Kind::kInt, Type::Kind::kUint,
          Type::Kind::kDouble, Type::Kind::kString, Type::Kind::kBytes,
          Type::Kind::kTimestamp, Type::Kind::kDuration}) {
      known |= !left.Is(Type::Kind::kNull) && !right.Is(Type::Kind::kNull) &&
               Type::Compatible(left, kind) && Type::Compatible(right, kind);
    }
    if (!known) return Mismatch(*expr, expr->name, {left, right});
    return Type::Kind::kBool;
  }

  ABSL_ATTRIBUTE_NOINLINE Type In(Expr* expr) {
    const Type value = Visit(expr->args[0].get());
    const Type container = Visit(expr->args[1].get());
    const bool fits =
        container.Is(Type::Kind::kDyn) ||
        (container.Is(Type::Kind::kList) &&
         Type::Compatible(value, container.element())) ||
        (container.Is(Type::Kind::kMap) &&
         (Type::Compatible(value, container.key()) || IsNumber(value)));
    if (!fits) return Mismatch(*expr, "in", {value, container});
    return Type::Kind::kBool;
  }

  // A function's name may be qualified: strings.quote(x).
  ABSL_ATTRIBUTE_NOINLINE void Unqualify(Expr* expr) {
    if (expr->receiver) {
      const Expr* root = nullptr;
      const std::string prefix = QualifiedName(*expr->args[0], &root);
      if (!prefix.empty() && FindLocal(root->name) < 0) {
        const std::string name = absl::StrCat(prefix, ".", expr->name);
        if (!FindOverloads(name, false).empty()) {
          expr->name = name;
          expr->receiver = false;
          expr->args.erase(expr->args.begin());
        }
      }
    }
  }

  ABSL_ATTRIBUTE_NOINLINE Type Call(Expr* expr) {
    Unqualify(expr);
    std::vector<Type> types;
    for (const ExprPtr& arg : expr->args) types.push_back(Visit(arg.get()));
    return CallResult(expr, types);
  }

  ABSL_ATTRIBUTE_NOINLINE Type CallResult(Expr* expr,
                                          const std::vector<Type>& types) {
    expr->overloads = FindOverloads(expr->name, expr->receiver);
    if (expr->overloads.empty()) {
      return Fail(*expr, absl::StrCat("there is no function ", expr->name));
    }
    if (expr->name == "matches" && expr->args.size() == 2 &&
        expr->args[1]->value.Is(Value::Kind::kString)) {
      auto pattern = CompilePattern(expr->args[1]->value.string());
      if (pattern.ok()) {
        expr->pattern = *std::move(pattern);
      } else {
        Fail(*expr->args[1], pattern.status().message());
      }
    }
    Type result;
    bool any = false;
    for (const Overload* overload : expr->overloads) {
      if (!Accepts(*overload, types)) continue;
      const Type type = ResultType(*overload, types);
      result = any ? Type::Join(result, type) : type;
      any = true;
    }
    if (!any) return Mismatch(*expr, expr->name, types);
    return result;
  }

  ABSL_ATTRIBUTE_NOINLINE Type MessageLiteral(Expr* expr) {
    for (const std::string& name :
         CandidateNames(declarations_.container, expr->name, expr->absolute)) {
      expr->message = declarations_.types.pool->FindMessageTypeByName(name);
      if (expr->message != nullptr) break;
    }
    std::vector<Type> types;
    for (const ExprPtr& arg : expr->args) types.push_back(Visit(arg.get()));
    if (expr->message == nullptr) {
      FailAlways(*expr, absl::StrCat("there is no message ", expr->name));
      return Type::Kind::kDyn;
    }
    for (size_t i = 0; i < types.size(); ++i) {
      const pb::FieldDescriptor* field =
          expr->message->FindFieldByName(expr->fields[i]);
      if (field == nullptr) {
        FailAlways(*expr->args[i],
                   absl::StrCat("no field ", expr->fields[i], " in ",
                                expr->message->full_name()));
        return Type::Kind::kDyn;
      }
      const Type type = Type::OfField(field);
      if (!types[i].Is(Type::Kind::kNull) &&
          !Type::Compatible(type, types[i])) {
        Fail(*expr->args[i],
             absl::StrCat("field ", field->name(), " is a ", type.Name(),
                          ", not a ", types[i].Name()));
      }
    }
    return Type::OfMessage(expr->message);
  }

  ABSL_ATTRIBUTE_NOINLINE Type Macro(Expr* expr) {
    const Type range = Visit(expr->args[0].get());
    Type element;
    if (range.Is(Type::Kind::kList)) {
      element = range.element();
    } else if (range.Is(Type::Kind::kMap)) {
      element = range.key();
    } else if (!range.Is(Type::Kind::kDyn)) {
      Fail(*expr->args[0],
           absl::StrCat("a ", range.Name(), " has no elements"));
    }
    expr->slot = static_cast<int>(locals_.size());
    locals_.push_back({expr->name, element});
    Type result;
    const bool transforms = expr->macro == Expr::Macro::kMap;
    for (size_t i = 1; i < expr->args.size(); ++i) {
      result = Visit(expr->args[i].get());
      if (!transforms || i + 1 < expr->args.size()) {
        Require(*expr->args[i], result, Type::Kind::kBool);
      }
    }
    locals_.pop_back();
    if (transforms) return Type::ListOf(result);
    if (expr->macro == Expr::Macro::kFilter) return Type::ListOf(element);
    return Type::Kind::kBool;
  }

  const absl::string_view text_;
  const Declarations& declarations_;
  std::vector<Variable> locals_;  // of the macros around
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Type> Check(absl::string_view text,
                           const Declarations& declarations, Expr* expr) {
  return Checker(text, declarations).Run(expr);
}

}  // namespace sse_bridge::cel
