#include "bridge/cel/compare.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"

namespace sse_bridge::cel {

namespace {

using Kind = Value::Kind;

bool IsNumber(const Value& value) {
  return value.Is(Kind::kInt) || value.Is(Kind::kUint) ||
         value.Is(Kind::kDouble);
}

std::partial_ordering IntAndUint(int64_t a, uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<uint64_t>(a) <=> b;
}

// A comparison with a double loses the low bits of large integers, as in CEL
// for Go: the conformance cases ask for it.
double AsDouble(const Value& number) {
  if (number.Is(Kind::kInt)) return static_cast<double>(number.int_value());
  if (number.Is(Kind::kUint)) return static_cast<double>(number.uint_value());
  return number.double_value();
}

std::partial_ordering CompareNumbers(const Value& a, const Value& b) {
  if (a.Is(Kind::kDouble) || b.Is(Kind::kDouble)) {
    return AsDouble(a) <=> AsDouble(b);
  }
  if (a.Is(Kind::kUint)) {
    if (b.Is(Kind::kUint)) return a.uint_value() <=> b.uint_value();
    const std::partial_ordering swapped =
        IntAndUint(b.int_value(), a.uint_value());
    return std::is_lt(swapped)   ? std::partial_ordering::greater
           : std::is_gt(swapped) ? std::partial_ordering::less
                                 : swapped;
  }
  if (b.Is(Kind::kUint)) return IntAndUint(a.int_value(), b.uint_value());
  return a.int_value() <=> b.int_value();
}

absl::StatusOr<bool> EqualLists(const List& a, const List& b, Budget* budget) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const absl::StatusOr<Value> x = a.Get(i, budget);
    if (!x.ok()) return x.status();
    const absl::StatusOr<Value> y = b.Get(i, budget);
    if (!y.ok()) return y.status();
    const absl::StatusOr<bool> equal = Equal(*x, *y, budget);
    if (!equal.ok() || !*equal) return equal;
  }
  return true;
}

absl::StatusOr<bool> EqualMaps(const Map& a, const Map& b, Budget* budget) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.Find(key);
    if (other == nullptr) return false;
    const absl::StatusOr<bool> equal = Equal(value, *other, budget);
    if (!equal.ok() || !*equal) return equal;
  }
  return true;
}

}  // namespace

absl::StatusOr<bool> Equal(const Value& a, const Value& b, Budget* budget) {
  if (absl::Status s = budget->Spend(1); !s.ok()) return s;
  if (IsNumber(a) && IsNumber(b)) {
    return std::is_eq(CompareNumbers(a, b));
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return a.bool_value() == b.bool_value();
    case Kind::kString:
    case Kind::kBytes: {
      const bool bytes = a.Is(Kind::kBytes);
      const absl::string_view x = bytes ? a.bytes() : a.string();
      const absl::string_view y = bytes ? b.bytes() : b.string();
      if (x.size() != y.size()) return false;
      if (absl::Status s = budget->Spend(x.size()); !s.ok()) return s;
      return x == y;
    }
    case Kind::kTimestamp:
      return a.timestamp() == b.timestamp();
    case Kind::kDuration:
      return a.duration() == b.duration();
    case Kind::kType:
      return a.type() == b.type();
    case Kind::kList:
      return EqualLists(a.list(), b.list(), budget);
    case Kind::kMap:
      return EqualMaps(a.map(), b.map(), budget);
    case Kind::kMessage: {
      if (a.message().GetDescriptor() != b.message().GetDescriptor()) {
        return false;
      }
      if (absl::Status s = budget->Spend(a.message().ByteSizeLong() +
                                         b.message().ByteSizeLong());
          !s.ok()) {
        return s;
      }
      return google::protobuf::util::MessageDifferencer::Equals(a.message(),
                                                                b.message());
    }
    default:
      return false;
  }
}

absl::StatusOr<bool> Contains(const Value& container, const Value& value,
                              Budget* budget) {
  if (container.Is(Kind::kMap)) return container.map().Find(value) != nullptr;
  if (!container.Is(Kind::kList)) {
    return absl::InvalidArgumentError(
        absl::StrCat("no matching overload for 'in' with ", value.TypeName(),
                     " and ", container.TypeName()));
  }
  for (size_t i = 0; i < container.list().size(); ++i) {
    const absl::StatusOr<Value> element = container.list().Get(i, budget);
    if (!element.ok()) return element.status();
    const absl::StatusOr<bool> equal = Equal(*element, value, budget);
    if (!equal.ok() || *equal) return equal;
  }
  return false;
}

absl::StatusOr<bool> Compare(const Value& a, absl::string_view op,
                             const Value& b, Budget* budget) {
  std::optional<std::partial_ordering> order;
  if (IsNumber(a) && IsNumber(b)) {
    order = CompareNumbers(a, b);
  } else if (a.kind() == b.kind()) {
    switch (a.kind()) {
      case Kind::kBool:
        order = a.bool_value() <=> b.bool_value();
        break;
      case Kind::kString:
      case Kind::kBytes: {
        const bool bytes = a.Is(Kind::kBytes);
        const absl::string_view x = bytes ? a.bytes() : a.string();
        const absl::string_view y = bytes ? b.bytes() : b.string();
        if (absl::Status s = budget->Spend(std::min(x.size(), y.size()));
            !s.ok()) {
          return s;
        }
        order = x.compare(y) <=> 0;
        break;
      }
      case Kind::kTimestamp:
        order = a.timestamp() < b.timestamp() ? std::partial_ordering::less
                : a.timestamp() > b.timestamp()
                    ? std::partial_ordering::greater
                    : std::partial_ordering::equivalent;
        break;
      case Kind::kDuration:
        order = a.duration() < b.duration() ? std::partial_ordering::less
                : a.duration() > b.duration()
                    ? std::partial_ordering::greater
                    : std::partial_ordering::equivalent;
        break;
      default:
        break;
    }
  }
  if (!order.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("no matching overload for '",
                                                   op, "' with ", a.TypeName(),
                                                   " and ", b.TypeName()));
  }
  if (op == "<") return std::is_lt(*order);
  if (op == "<=") return std::is_lteq(*order);
  if (op == ">") return std::is_gt(*order);
  return std::is_gteq(*order);
}

}  // namespace sse_bridge::cel
