#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/codegen/json_form.h"
#include "bridge/codegen/ts_types.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldRules;

std::string Union(const std::vector<std::string>& types) {
  return absl::StrJoin(types, " | ");
}

std::string Literals(const std::vector<std::string>& texts) {
  return absl::StrJoin(texts, " | ",
                       [](std::string* out, const std::string& text) {
                         out->append(JsString(text));
                       });
}

template <typename Numbers>
std::string NumberLiterals(const Numbers& numbers, bool quoted = false) {
  return absl::StrJoin(numbers, " | ", [&](std::string* out, auto number) {
    absl::StrAppend(out, quoted ? "\"" : "", number, quoted ? "\"" : "");
  });
}

// The literals of an `in` or `const` rule for integers; empty without one.
template <typename Rules>
std::string AllowedNumbers(const Rules& rules, bool zero, bool quoted) {
  std::vector allowed(rules.in().begin(), rules.in().end());
  if (rules.has_const_()) allowed = {rules.const_()};
  if (zero && !allowed.empty() && !absl::c_linear_search(allowed, 0)) {
    allowed.push_back(0);
  }
  return NumberLiterals(allowed, quoted);
}

std::string AllowedIntegers(const FieldRules& rules, bool quoted) {
  const bool zero = AllowsZero(rules);
  switch (rules.type_case()) {
    case FieldRules::kInt32:
      return AllowedNumbers(rules.int32(), zero, quoted);
    case FieldRules::kInt64:
      return AllowedNumbers(rules.int64(), zero, quoted);
    case FieldRules::kUint32:
      return AllowedNumbers(rules.uint32(), zero, quoted);
    case FieldRules::kUint64:
      return AllowedNumbers(rules.uint64(), zero, quoted);
    case FieldRules::kSint32:
      return AllowedNumbers(rules.sint32(), zero, quoted);
    case FieldRules::kSint64:
      return AllowedNumbers(rules.sint64(), zero, quoted);
    case FieldRules::kFixed32:
      return AllowedNumbers(rules.fixed32(), zero, quoted);
    case FieldRules::kFixed64:
      return AllowedNumbers(rules.fixed64(), zero, quoted);
    case FieldRules::kSfixed32:
      return AllowedNumbers(rules.sfixed32(), zero, quoted);
    case FieldRules::kSfixed64:
      return AllowedNumbers(rules.sfixed64(), zero, quoted);
    default:
      return "";
  }
}

}  // namespace

std::string TsTypes::FieldType(const pb::FieldDescriptor* field, bool input,
                               int json, const std::string& prefix) const {
  const FieldRules rules = ElementRulesOf(field);
  if (field->is_map()) {
    return absl::StrCat("{ [key: string]: ",
                        ElementType(field->message_type()->map_value(), rules,
                                    input, json, prefix),
                        " }");
  }
  const std::string element = ElementType(field, rules, input, json, prefix);
  if (!field->is_repeated()) return element;
  return absl::StrContains(element, " ") ? absl::StrCat("(", element, ")[]")
                                         : element + "[]";
}

std::string TsTypes::ElementType(const pb::FieldDescriptor* field,
                                 const FieldRules& rules, bool input, int json,
                                 const std::string& prefix) const {
  switch (KindOf(field)) {
    case JsonKind::kInteger: {
      const std::string allowed = AllowedIntegers(rules, false);
      return allowed.empty() ? "number" : allowed;
    }
    case JsonKind::kLong: {
      const std::string allowed = AllowedIntegers(rules, true);
      if (!allowed.empty()) return allowed;
      return input ? "$rt.LongInput" : "string";
    }
    case JsonKind::kFloating:
      return input || IsFinite(field, rules) ? "number" : "$rt.Double";
    case JsonKind::kBool:
      if (!rules.bool_().has_const_() ||
          (rules.bool_().const_() && AllowsZero(rules))) {
        return "boolean";
      }
      return rules.bool_().const_() ? "true" : "false";
    case JsonKind::kString: {
      const std::vector<std::string> allowed = AllowedTexts(rules);
      return allowed.empty() ? "string" : Literals(allowed);
    }
    case JsonKind::kBytes:
      return input ? "$rt.BytesInput" : "string";
    case JsonKind::kEnum:
      return EnumType(field, rules, input, json, prefix);
    case JsonKind::kNull:
      return "null";
    case JsonKind::kAny:
      return AnyType(field, rules, input, json, prefix);
    case JsonKind::kWrapper:
      return ElementType(field->message_type()->FindFieldByNumber(1), rules,
                         input, json, prefix);
    default:
      return MessageType(field->message_type(), input, json, prefix);
  }
}

std::string TsTypes::MessageType(const pb::Descriptor* type, bool input,
                                 int json, const std::string& prefix) const {
  switch (KindOf(type)) {
    case JsonKind::kMessage:
      return absl::StrCat(prefix, names_.Of({type, input, json}));
    case JsonKind::kAny:
      return "$rt.Any";
    case JsonKind::kTimestamp:
      return input ? "$rt.TimestampInput" : "string";
    case JsonKind::kStruct:
      return "$rt.Struct";
    case JsonKind::kValue:
      return "$rt.Value";
    case JsonKind::kListValue:
      return "$rt.Value[]";
    case JsonKind::kWrapper: {
      const pb::FieldDescriptor* value = type->FindFieldByNumber(1);
      return ElementType(value, RulesOf(value), input, json, prefix);
    }
    default:  // durations and field masks
      return "string";
  }
}

std::string TsTypes::EnumType(const pb::FieldDescriptor* field,
                              const FieldRules& rules, bool input, int json,
                              const std::string& prefix) const {
  if (JsonFromBits(json).always_print_enums_as_ints() && !input) {
    return "number";
  }
  std::vector<std::string> allowed;
  for (const int number : AllowedEnumNumbers(rules, field->enum_type())) {
    const auto* value = field->enum_type()->FindValueByNumber(number);
    allowed.push_back(value == nullptr ? absl::StrCat(number)
                                       : JsString(value->name()));
  }
  if (!allowed.empty()) return Union(allowed);
  const std::string named = absl::StrCat(prefix, names_.Of(field->enum_type()));
  // A newer backend may send values that are not in this schema.
  const bool open =
      IsOpenEnum(field) && !rules.enum_().defined_only() && !input;
  return open ? named + " | number" : named;
}

std::string TsTypes::AnyType(const pb::FieldDescriptor* field,
                             const FieldRules& rules, bool input, int json,
                             const std::string& prefix) const {
  std::vector<std::string> types;
  for (const AnyCandidate& each : CandidatesOf(field, rules)) {
    const std::string type = MessageType(each.type, input, json, prefix);
    const std::string tag = absl::StrCat("\"@type\": ", JsString(each.url));
    types.push_back(KindOf(each.type) == JsonKind::kMessage
                        ? absl::StrCat("({ ", tag, " } & ", type, ")")
                        : absl::StrCat("{ ", tag, "; value: ", type, " }"));
  }
  return types.empty() ? "$rt.Any" : Union(types);
}

}  // namespace sse_bridge
