#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/time_range.h"

namespace sse_bridge::cel {

namespace {

Result Overflow() { return absl::OutOfRangeError("integer overflow"); }
Result DivisionByZero() {
  return absl::InvalidArgumentError("division by zero");
}

constexpr int64_t kMinInt = std::numeric_limits<int64_t>::min();

Result AddInts(Args args, const CallContext&) {
  int64_t out = 0;
  if (__builtin_add_overflow(args[0].int_value(), args[1].int_value(), &out)) {
    return Overflow();
  }
  return Value::Int(out);
}

Result SubtractInts(Args args, const CallContext&) {
  int64_t out = 0;
  if (__builtin_sub_overflow(args[0].int_value(), args[1].int_value(), &out)) {
    return Overflow();
  }
  return Value::Int(out);
}

Result MultiplyInts(Args args, const CallContext&) {
  int64_t out = 0;
  if (__builtin_mul_overflow(args[0].int_value(), args[1].int_value(), &out)) {
    return Overflow();
  }
  return Value::Int(out);
}

Result DivideInts(Args args, const CallContext&) {
  if (args[1].int_value() == 0) return DivisionByZero();
  if (args[0].int_value() == kMinInt && args[1].int_value() == -1) {
    return Overflow();
  }
  return Value::Int(args[0].int_value() / args[1].int_value());
}

Result ModuloInts(Args args, const CallContext&) {
  if (args[1].int_value() == 0) return DivisionByZero();
  if (args[1].int_value() == -1) {
    if (args[0].int_value() == kMinInt) return Overflow();
    return Value::Int(0);
  }
  return Value::Int(args[0].int_value() % args[1].int_value());
}

Result NegateInt(Args args, const CallContext&) {
  if (args[0].int_value() == kMinInt) return Overflow();
  return Value::Int(-args[0].int_value());
}

Result AddUints(Args args, const CallContext&) {
  uint64_t out = 0;
  if (__builtin_add_overflow(args[0].uint_value(), args[1].uint_value(),
                             &out)) {
    return Overflow();
  }
  return Value::Uint(out);
}

Result SubtractUints(Args args, const CallContext&) {
  if (args[0].uint_value() < args[1].uint_value()) return Overflow();
  return Value::Uint(args[0].uint_value() - args[1].uint_value());
}

Result MultiplyUints(Args args, const CallContext&) {
  uint64_t out = 0;
  if (__builtin_mul_overflow(args[0].uint_value(), args[1].uint_value(),
                             &out)) {
    return Overflow();
  }
  return Value::Uint(out);
}

Result DivideUints(Args args, const CallContext&) {
  if (args[1].uint_value() == 0) return DivisionByZero();
  return Value::Uint(args[0].uint_value() / args[1].uint_value());
}

Result ModuloUints(Args args, const CallContext&) {
  if (args[1].uint_value() == 0) return DivisionByZero();
  return Value::Uint(args[0].uint_value() % args[1].uint_value());
}

Result AddDoubles(Args args, const CallContext&) {
  return Value::Double(args[0].double_value() + args[1].double_value());
}

Result SubtractDoubles(Args args, const CallContext&) {
  return Value::Double(args[0].double_value() - args[1].double_value());
}

Result MultiplyDoubles(Args args, const CallContext&) {
  return Value::Double(args[0].double_value() * args[1].double_value());
}

// Division by zero is infinite, or NaN, by IEEE 754. UBSan calls it undefined.
Result DivideDoubles(Args args, const CallContext&) {
  const double a = args[0].double_value();
  const double b = args[1].double_value();
  if (b != 0) return Value::Double(a / b);
  if (a == 0 || a != a) {
    return Value::Double(std::numeric_limits<double>::quiet_NaN());
  }
  const bool negative = __builtin_signbit(a) != __builtin_signbit(b);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return Value::Double(negative ? -kInfinity : kInfinity);
}

Result NegateDouble(Args args, const CallContext&) {
  return Value::Double(-args[0].double_value());
}

Result Not(Args args, const CallContext&) {
  return Value::Bool(!args[0].bool_value());
}

Result JoinStrings(Args args, const CallContext& context) {
  const absl::string_view a = args[0].string();
  const absl::string_view b = args[1].string();
  if (absl::Status s = context.budget->Spend(a.size() + b.size()); !s.ok()) {
    return s;
  }
  return Value::OwnString(absl::StrCat(a, b));
}

Result JoinBytes(Args args, const CallContext& context) {
  const absl::string_view a = args[0].bytes();
  const absl::string_view b = args[1].bytes();
  if (absl::Status s = context.budget->Spend(a.size() + b.size()); !s.ok()) {
    return s;
  }
  return Value::OwnBytes(absl::StrCat(a, b));
}

Result JoinLists(Args args, const CallContext& context) {
  std::vector<Value> elements;
  for (const Value& arg : args) {
    if (absl::Status s =
            context.budget->Spend(arg.list().size() * sizeof(Value));
        !s.ok()) {
      return s;
    }
    for (size_t i = 0; i < arg.list().size(); ++i) {
      absl::StatusOr<Value> element = arg.list().Get(i, context.budget);
      if (!element.ok()) return element;
      elements.push_back(*std::move(element));
    }
  }
  return Value::OfList(std::move(elements));
}

Result AddDurations(Args args, const CallContext&) {
  return CheckedDuration(args[0].duration() + args[1].duration());
}

Result SubtractDurations(Args args, const CallContext&) {
  return CheckedDuration(args[0].duration() - args[1].duration());
}

Result AddToTimestamp(Args args, const CallContext&) {
  return CheckedTimestamp(args[0].timestamp() + args[1].duration());
}

Result AddTimestamp(Args args, const CallContext&) {
  return CheckedTimestamp(args[1].timestamp() + args[0].duration());
}

Result SubtractFromTimestamp(Args args, const CallContext&) {
  return CheckedTimestamp(args[0].timestamp() - args[1].duration());
}

Result SubtractTimestamps(Args args, const CallContext&) {
  return CheckedDuration(args[0].timestamp() - args[1].timestamp());
}

}  // namespace

absl::Span<const Overload> ArithmeticFunctions() {
  static constexpr Overload kFunctions[] = {
      {"_+_", false, "ii", 'i', AddInts},
      {"_+_", false, "uu", 'u', AddUints},
      {"_+_", false, "dd", 'd', AddDoubles},
      {"_+_", false, "ss", 's', JoinStrings},
      {"_+_", false, "yy", 'y', JoinBytes},
      {"_+_", false, "LL", 'L', JoinLists},
      {"_+_", false, "DD", 'D', AddDurations},
      {"_+_", false, "tD", 't', AddToTimestamp},
      {"_+_", false, "Dt", 't', AddTimestamp},
      {"_-_", false, "ii", 'i', SubtractInts},
      {"_-_", false, "uu", 'u', SubtractUints},
      {"_-_", false, "dd", 'd', SubtractDoubles},
      {"_-_", false, "DD", 'D', SubtractDurations},
      {"_-_", false, "tD", 't', SubtractFromTimestamp},
      {"_-_", false, "tt", 'D', SubtractTimestamps},
      {"_*_", false, "ii", 'i', MultiplyInts},
      {"_*_", false, "uu", 'u', MultiplyUints},
      {"_*_", false, "dd", 'd', MultiplyDoubles},
      {"_/_", false, "ii", 'i', DivideInts},
      {"_/_", false, "uu", 'u', DivideUints},
      {"_/_", false, "dd", 'd', DivideDoubles},
      {"_%_", false, "ii", 'i', ModuloInts},
      {"_%_", false, "uu", 'u', ModuloUints},
      {"-_", false, "i", 'i', NegateInt},
      {"-_", false, "d", 'd', NegateDouble},
      {"!_", false, "b", 'b', Not},
  };
  return kFunctions;
}

}  // namespace sse_bridge::cel
