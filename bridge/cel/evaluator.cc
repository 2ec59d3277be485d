#include "bridge/cel/evaluator.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "bridge/cel/compare.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/lexer.h"
#include "bridge/cel/message_values.h"

namespace sse_bridge::cel {

namespace {

using Kind = Value::Kind;

class Evaluator {
 public:
  Evaluator(Activation activation, const Types& types, Budget* budget)
      : activation_(activation), types_(types), budget_(budget) {}

  Result Visit(const Expr& expr) {
    Result result = budget_->Spend(1).ok() ? VisitKind(expr) : Exhausted();
    // The innermost expression that failed.
    if (!result.ok() && failed_ == nullptr) failed_ = &expr;
    return result;
  }

  // Where the last error came from.
  const Expr* failed() const { return failed_; }

 private:
  static absl::Status Exhausted() {
    return absl::ResourceExhaustedError("the expression costs too much");
  }

  static bool IsExhausted(const Result& result) {
    return absl::IsResourceExhausted(result.status());
  }

  static absl::Status NoOverload(absl::string_view name, Args args) {
    std::string types;
    for (const Value& arg : args) {
      absl::StrAppend(&types, types.empty() ? "" : ", ", arg.TypeName());
    }
    return absl::InvalidArgumentError(
        absl::StrCat("no matching overload for '", name, "' with ", types));
  }

  Result VisitKind(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kLiteral:
        return expr.value;
      case Expr::Kind::kName:
        return absl::NotFoundError(
            absl::StrCat("there is no variable ", expr.name));
      case Expr::Kind::kVariable:
        return activation_[expr.slot];
      case Expr::Kind::kLocal:
        return locals_[expr.slot];
      case Expr::Kind::kSelect:
        return Select(expr);
      case Expr::Kind::kIndex:
        return Index(expr);
      case Expr::Kind::kAnd:
        return Logic(expr, /*decisive=*/false);
      case Expr::Kind::kOr:
        return Logic(expr, /*decisive=*/true);
      case Expr::Kind::kConditional: {
        const Result condition = Visit(*expr.args[0]);
        if (!condition.ok()) return condition;
        if (!condition->Is(Kind::kBool)) return NoOverload("?:", {*condition});
        return Visit(*expr.args[condition->bool_value() ? 1 : 2]);
      }
      case Expr::Kind::kEqual:
      case Expr::Kind::kNotEqual:
      case Expr::Kind::kCompare:
      case Expr::Kind::kIn:
        return Relation(expr);
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
    }
    return absl::InternalError("an expression of no kind");
  }

  // && and ||: an operand of the decisive value decides, whatever errors the
  // others have.
  Result Logic(const Expr& expr, bool decisive) {
    std::optional<absl::Status> error;
    const Expr* where = nullptr;
    for (const ExprPtr& arg : expr.args) {
      Result operand = Visit(*arg);
      if (operand.ok() && operand->Is(Kind::kBool)) {
        if (operand->bool_value() == decisive) {
          failed_ = nullptr;
          return operand;
        }
        continue;
      }
      if (IsExhausted(operand)) return operand;
      if (!error.has_value()) {
        error = operand.ok() ? NoOverload(decisive ? "||" : "&&", {*operand})
                             : operand.status();
        where = operand.ok() ? arg.get() : failed_;
      }
      failed_ = nullptr;
    }
    if (!error.has_value()) return Value::Bool(!decisive);
    failed_ = where;
    return *error;
  }

  Result Relation(const Expr& expr) {
    const Result a = Visit(*expr.args[0]);
    if (!a.ok()) return a;
    const Result b = Visit(*expr.args[1]);
    if (!b.ok()) return b;
    absl::StatusOr<bool> holds = false;
    if (expr.kind == Expr::Kind::kCompare) {
      holds = Compare(*a, expr.name, *b, budget_);
    } else if (expr.kind == Expr::Kind::kIn) {
      holds = Contains(*b, *a, budget_);
    } else {
      holds = Equal(*a, *b, budget_);
    }
    if (!holds.ok()) return holds.status();
    return Value::Bool(*holds == (expr.kind != Expr::Kind::kNotEqual));
  }

  Result Select(const Expr& expr) {
    const Result operand = Visit(*expr.args[0]);
    if (!operand.ok()) return operand;
    if (operand->Is(Kind::kMap)) {
      const Value* found = operand->map().Find(Value::String(expr.name));
      if (expr.presence) return Value::Bool(found != nullptr);
      if (found != nullptr) return *found;
      return absl::NotFoundError(absl::StrCat("no such key: ", expr.name));
    }
    if (!operand->Is(Kind::kMessage)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a ", operand->TypeName(), " has no fields"));
    }
    const google::protobuf::Message& message = operand->message();
    const google::protobuf::FieldDescriptor* field =
        message.GetDescriptor()->FindFieldByName(expr.name);
    if (field == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("no field ", expr.name, " in ",
                       message.GetDescriptor()->full_name()));
    }
    if (expr.presence) return Value::Bool(HasField(message, field));
    return FieldValue(message, field, operand->owner(), types_, budget_);
  }

  Result Index(const Expr& expr) {
    const Result operand = Visit(*expr.args[0]);
    if (!operand.ok()) return operand;
    const Result index = Visit(*expr.args[1]);
    if (!index.ok()) return index;
    if (operand->Is(Kind::kMap)) {
      const Value* found = operand->map().Find(*index);
      if (found == nullptr) return absl::NotFoundError("no such key");
      return *found;
    }
    if (!operand->Is(Kind::kList)) return NoOverload("[]", {*operand, *index});
    const std::optional<uint64_t> at = ListIndex(*index);
    if (!at.has_value()) return NoOverload("[]", {*operand, *index});
    if (*at >= operand->list().size()) {
      return absl::OutOfRangeError("index out of range");
    }
    return operand->list().Get(*at, budget_);
  }

  // Numbers of any type; negative ones are beyond every list.
  static std::optional<uint64_t> ListIndex(const Value& index) {
    if (index.Is(Kind::kInt)) {
      return index.int_value() < 0 ? UINT64_MAX
                                   : static_cast<uint64_t>(index.int_value());
    }
    if (index.Is(Kind::kUint)) return index.uint_value();
    if (!index.Is(Kind::kDouble)) return std::nullopt;
    const double number = index.double_value();
    if (std::trunc(number) != number) return std::nullopt;
    if (!(number >= 0 && number < 0x1p63)) return UINT64_MAX;
    return static_cast<uint64_t>(number);
  }

  Result Call(const Expr& expr) {
    absl::InlinedVector<Value, 3> args;
    for (const ExprPtr& arg : expr.args) {
      Result value = Visit(*arg);
      if (!value.ok()) return value;
      args.push_back(*std::move(value));
    }
    for (const Overload* overload : expr.overloads) {
      if (Accepts(*overload, args)) {
        return overload->function(args, CallContext{types_, budget_, expr});
      }
    }
    return NoOverload(expr.name, args);
  }

  Result ListLiteral(const Expr& expr) {
    absl::StatusOr<std::vector<Value>> values = All(expr);
    if (!values.ok()) return values.status();
    return Value::OfList(*std::move(values));
  }

  absl::StatusOr<std::vector<Value>> All(const Expr& expr) {
    if (absl::Status s = budget_->Spend(expr.args.size() * sizeof(Value));
        !s.ok()) {
      return s;
    }
    std::vector<Value> values;
    values.reserve(expr.args.size());
    for (const ExprPtr& arg : expr.args) {
      Result value = Visit(*arg);
      if (!value.ok()) return value.status();
      values.push_back(*std::move(value));
    }
    return values;
  }

  Result MapLiteral(const Expr& expr) {
    absl::StatusOr<std::vector<Value>> values = All(expr);
    if (!values.ok()) return values.status();
    auto map = std::make_shared<Map>();
    for (size_t i = 0; i < values->size(); i += 2) {
      if (absl::Status s =
              map->Add(std::move((*values)[i]), std::move((*values)[i + 1]));
          !s.ok()) {
        return s;
      }
    }
    return Value::OfMap(std::move(map));
  }

  Result MessageLiteral(const Expr& expr) {
    const absl::StatusOr<std::vector<Value>> values = All(expr);
    if (!values.ok()) return values.status();
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    for (const std::string& name : expr.fields) {
      fields.push_back(expr.message->FindFieldByName(name));
    }
    return BuildMessage(expr.message, fields, *values, types_, budget_);
  }

  Result Macro(const Expr& expr) {
    const Result range = Visit(*expr.args[0]);
    if (!range.ok()) return range;
    if (!range->Is(Kind::kList) && !range->Is(Kind::kMap)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a ", range->TypeName(), " has no elements"));
    }
    const size_t slot = static_cast<size_t>(expr.slot);
    locals_.resize(slot + 1);
    Result result = Loop(expr, *range, slot);
    locals_.resize(slot);
    return result;
  }

  Result Loop(const Expr& expr, const Value& range, size_t slot) {
    const bool is_list = range.Is(Kind::kList);
    const size_t size = is_list ? range.list().size() : range.map().size();
    std::vector<Value> collected;
    std::optional<absl::Status> error;  // absorbed so far, of all and exists
    const Expr* where = nullptr;
    int found = 0;
    for (size_t i = 0; i < size; ++i) {
      if (is_list) {
        Result element = range.list().Get(i, budget_);
        if (!element.ok()) return element;
        locals_[slot] = *std::move(element);
      } else {
        locals_[slot] = range.map().entries()[i].first;
      }
      const bool transforms = expr.macro == Expr::Macro::kMap;
      Result predicate = Value::Bool(true);
      if (!transforms || expr.args.size() == 3) {
        predicate = Visit(*expr.args[1]);
        if (predicate.ok() && !predicate->Is(Kind::kBool)) {
          predicate = absl::InvalidArgumentError(
              "the condition of a macro is not a bool");
        }
      }
      const bool logic =
          expr.macro == Expr::Macro::kAll || expr.macro == Expr::Macro::kExists;
      if (!predicate.ok()) {
        if (!logic || IsExhausted(predicate)) return predicate;
        if (!error.has_value()) {
          error = predicate.status();
          where = failed_;
        }
        failed_ = nullptr;
        continue;
      }
      if (logic) {
        const bool decisive = expr.macro == Expr::Macro::kExists;
        if (predicate->bool_value() == decisive) return predicate;
        continue;
      }
      if (!predicate->bool_value()) continue;
      ++found;
      if (expr.macro == Expr::Macro::kExistsOne) continue;
      if (absl::Status s = budget_->Spend(sizeof(Value)); !s.ok()) return s;
      if (transforms) {
        Result value = Visit(*expr.args.back());
        if (!value.ok()) return value;
        collected.push_back(*std::move(value));
      } else {
        collected.push_back(locals_[slot]);
      }
    }
    switch (expr.macro) {
      case Expr::Macro::kAll:
      case Expr::Macro::kExists:
        failed_ = where;
        if (error.has_value()) return *error;
        return Value::Bool(expr.macro == Expr::Macro::kAll);
      case Expr::Macro::kExistsOne:
        return Value::Bool(found == 1);
      default:
        return Value::OfList(std::move(collected));
    }
  }

  const Activation activation_;
  const Types& types_;
  Budget* const budget_;
  std::vector<Value> locals_;  // of the macros around
  const Expr* failed_ = nullptr;
};

}  // namespace

absl::StatusOr<Value> Evaluate(absl::string_view text, const Expr& expr,
                               Activation activation, const Types& types,
                               Budget* budget) {
  Evaluator evaluator(activation, types, budget);
  Result result = evaluator.Visit(expr);
  if (result.ok()) return result;
  return AtPosition(text, evaluator.failed()->position, result.status());
}

}  // namespace sse_bridge::cel
