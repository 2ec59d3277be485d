// Rules of numbers, bools and enums.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "bridge/schema/validation_range.h"
#include "bridge/schema/validation_rules.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
namespace bv = ::buf::validate;

template <typename T>
T NumberOf(const Subject& subject) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(subject.scalar.d);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(subject.scalar.i);
  } else {
    return static_cast<T>(subject.scalar.u);
  }
}

// As CEL's format() has it.
template <typename T>
std::string NumberText(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    char buffer[512];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value,
                                   std::chars_format::fixed);
    return std::string(buffer, end.ptr);
  } else {
    return absl::StrCat(value);
  }
}

template <typename T>
bool IsIn(const std::vector<T>& list, T x) {
  return std::find(list.begin(), list.end(), x) != list.end();
}

template <typename T, typename R>
void AddNumbers(absl::string_view kind, const R& rules,
                absl::string_view prefix, Rules* out) {
  RuleAdder add(kind, absl::StrCat(prefix, kind), out);
  if (rules.has_const_()) {
    add.Add("const", "const",
            absl::StrCat("must equal ", NumberText<T>(rules.const_())),
            [x = static_cast<T>(rules.const_())](const Subject& s, Report&) {
              return NumberOf<T>(s) == x;
            });
  }
  const Range<T> range(rules, [](T bound) { return bound; });
  if (!range.empty()) {
    add.Add(range.Field(), range.Id(), range.Message(NumberText<T>),
            [range](const Subject& s, Report&) {
              return range.Contains(NumberOf<T>(s));
            });
  }
  if (!rules.in().empty()) {
    add.Add(
        "in", "in",
        absl::StrCat("must be in list ", ListText(rules.in(), NumberText<T>)),
        [list = std::vector<T>(rules.in().begin(), rules.in().end())](
            const Subject& s, Report&) { return IsIn(list, NumberOf<T>(s)); });
  }
  if (!rules.not_in().empty()) {
    add.Add(
        "not_in", "not_in",
        absl::StrCat("must not be in list ",
                     ListText(rules.not_in(), NumberText<T>)),
        [list = std::vector<T>(rules.not_in().begin(), rules.not_in().end())](
            const Subject& s, Report&) { return !IsIn(list, NumberOf<T>(s)); });
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (rules.finite()) {
      add.Add("finite", "finite", "must be finite",
              [](const Subject& s, Report&) {
                return std::isfinite(NumberOf<T>(s));
              });
    }
  }
}

void AddEnums(const bv::EnumRules& rules, const pb::EnumDescriptor* type,
              absl::string_view prefix, Rules* out) {
  using Numbers = std::vector<int>;
  RuleAdder add("enum", absl::StrCat(prefix, "enum"), out);
  if (rules.has_const_()) {
    add.Add("const", "const", absl::StrCat("must equal ", rules.const_()),
            [x = rules.const_()](const Subject& s, Report&) {
              return NumberOf<int>(s) == x;
            });
  }
  if (!rules.in().empty()) {
    add.Add(
        "in", "in",
        absl::StrCat("must be in list ", ListText(rules.in(), NumberText<int>)),
        [list = Numbers(rules.in().begin(), rules.in().end())](const Subject& s,
                                                               Report&) {
          return IsIn(list, NumberOf<int>(s));
        });
  }
  if (!rules.not_in().empty()) {
    add.Add("not_in", "not_in",
            absl::StrCat("must not be in list ",
                         ListText(rules.not_in(), NumberText<int>)),
            [list = Numbers(rules.not_in().begin(), rules.not_in().end())](
                const Subject& s, Report&) {
              return !IsIn(list, NumberOf<int>(s));
            });
  }
  if (rules.defined_only()) {
    add.Add("defined_only", "defined_only",
            "value must be one of the defined enum values",
            [type](const Subject& s, Report&) {
              return type->FindValueByNumber(NumberOf<int>(s)) != nullptr;
            });
  }
}

}  // namespace

void AddNumberRules(const pb::FieldDescriptor* field,
                    const bv::FieldRules& rules, absl::string_view path,
                    Rules* out) {
  switch (rules.type_case()) {
    case bv::FieldRules::kFloat:
      return AddNumbers<float>("float", rules.float_(), path, out);
    case bv::FieldRules::kDouble:
      return AddNumbers<double>("double", rules.double_(), path, out);
    case bv::FieldRules::kInt32:
      return AddNumbers<int32_t>("int32", rules.int32(), path, out);
    case bv::FieldRules::kInt64:
      return AddNumbers<int64_t>("int64", rules.int64(), path, out);
    case bv::FieldRules::kUint32:
      return AddNumbers<uint32_t>("uint32", rules.uint32(), path, out);
    case bv::FieldRules::kUint64:
      return AddNumbers<uint64_t>("uint64", rules.uint64(), path, out);
    case bv::FieldRules::kSint32:
      return AddNumbers<int32_t>("sint32", rules.sint32(), path, out);
    case bv::FieldRules::kSint64:
      return AddNumbers<int64_t>("sint64", rules.sint64(), path, out);
    case bv::FieldRules::kFixed32:
      return AddNumbers<uint32_t>("fixed32", rules.fixed32(), path, out);
    case bv::FieldRules::kFixed64:
      return AddNumbers<uint64_t>("fixed64", rules.fixed64(), path, out);
    case bv::FieldRules::kSfixed32:
      return AddNumbers<int32_t>("sfixed32", rules.sfixed32(), path, out);
    case bv::FieldRules::kSfixed64:
      return AddNumbers<int64_t>("sfixed64", rules.sfixed64(), path, out);
    case bv::FieldRules::kEnum:
      AddEnums(rules.enum_(), field->enum_type(), path, out);
      return;
    case bv::FieldRules::kBool:
      if (rules.bool_().has_const_()) {
        RuleAdder("bool", absl::StrCat(path, "bool"), out)
            .Add(
                "const", "const",
                rules.bool_().const_() ? "must equal true" : "must equal false",
                [x = rules.bool_().const_()](const Subject& s, Report&) {
                  return s.scalar.b == x;
                });
      }
      return;
    default:
      return;
  }
}

}  // namespace sse_bridge
