#include "bridge/codegen/json_schema_rules.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <type_traits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/codegen/json_form.h"
#include "bridge/schema/validation_range.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldRules;

constexpr const char* kBounds[] = {"lt", "lte", "gt", "gte"};

// A float in JSON is the shortest number that means it: 0.1, not
// 0.10000000149011612.
double JsonNumber(double number) { return number; }
double JsonNumber(float number) {
  if (!std::isfinite(number)) return number;
  char text[64] = {};
  std::to_chars(text, text + sizeof(text) - 1, number);
  return std::strtod(text, nullptr);
}

template <typename Number>
Json JsonOf(Number number) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
    return JsonNumber(number);
  } else {
    return number;
  }
}

// Bounds that are not finite exclude only values that are no numbers in JSON.
template <typename Rules>
void AddBounds(const Rules& rules, Json* schema) {
  Json low, high;
  const auto add = [](bool has, const char* name, auto bound, Json* out) {
    if (has && std::isfinite(static_cast<double>(bound))) {
      (*out)[name] = JsonOf(bound);
    }
  };
  add(rules.has_gt(), "exclusiveMinimum", rules.gt(), &low);
  add(rules.has_gte(), "minimum", rules.gte(), &low);
  add(rules.has_lt(), "exclusiveMaximum", rules.lt(), &high);
  add(rules.has_lte(), "maximum", rules.lte(), &high);
  if (!low.is_null() && !high.is_null()) {
    // An upper bound below the lower one excludes the values between them.
    const auto lowest = rules.has_gt() ? rules.gt() : rules.gte();
    const auto highest = rules.has_lt() ? rules.lt() : rules.lte();
    if (highest < lowest) {
      (*schema)["anyOf"] = {low, high};
      return;
    }
  }
  if (!low.is_null()) schema->update(low);
  if (!high.is_null()) schema->update(high);
}

// Adds const, in and not_in. `list` makes JSON of a list of values.
template <typename Rules, typename List>
void AddLists(const Rules& rules, List list, RuleNames* expressed,
              Json* schema) {
  if (rules.has_const_()) {
    (*schema)["enum"] = list(std::vector{rules.const_()});
  } else if (!rules.in().empty()) {
    (*schema)["enum"] = list(rules.in());
  }
  if (!rules.not_in().empty()) {
    (*schema)["not"] = {{"enum", list(rules.not_in())}};
  }
  expressed->insert({"const", "in", "not_in"});
}

// 64-bit numbers are strings, and requests may also contain numbers.
template <typename Rules>
RuleNames AddIntegers(const Rules& rules, bool as_text, Json* schema) {
  RuleNames expressed;
  const bool as_number = !as_text || schema->at("type").is_array();
  AddLists(
      rules,
      [&](const auto& numbers) {
        Json values = Json::array();
        for (const auto number : numbers) {
          if (as_text) values.push_back(absl::StrCat(number));
          if (as_number) values.push_back(number);
        }
        return values;
      },
      &expressed, schema);
  // Bounds do not apply to strings.
  if (as_number) AddBounds(rules, schema);
  if (!as_text) expressed.insert(std::begin(kBounds), std::end(kBounds));
  return expressed;
}

// Which of "NaN", "Infinity" and "-Infinity" are allowed.
template <typename Number, typename Rules>
Json NonFinite(const Rules& rules) {
  Json texts = Json::array();
  if (rules.finite() || rules.has_const_() || !rules.in().empty()) return texts;
  const Range<Number> range(rules, [](Number bound) { return bound; });
  constexpr Number kInfinity = std::numeric_limits<Number>::infinity();
  for (const Number number :
       {std::numeric_limits<Number>::quiet_NaN(), kInfinity, -kInfinity}) {
    if (!range.empty() && !range.Contains(number)) continue;
    const bool refused =
        std::any_of(rules.not_in().begin(), rules.not_in().end(),
                    [number](Number each) { return each == number; });
    if (!refused) texts.push_back(JsonOf(number));
  }
  return texts;
}

template <typename Number, typename Rules>
RuleNames AddFloating(const Rules& rules, Json* schema) {
  RuleNames expressed = {"finite"};
  AddLists(
      rules,
      [](const auto& numbers) {
        Json values = Json::array();
        for (const Number number : numbers) {
          // NaN equals nothing.
          if (!std::isnan(number)) values.push_back(JsonOf(number));
        }
        return values;
      },
      &expressed, schema);
  if (schema->contains("enum") &&
      std::any_of((*schema)["enum"].begin(), (*schema)["enum"].end(),
                  [](const Json& value) { return value.is_string(); })) {
    (*schema)["type"] = Json::array({"number", "string"});
  }
  AddBounds(rules, schema);
  expressed.insert(std::begin(kBounds), std::end(kBounds));
  Json texts = NonFinite<Number>(rules);
  if (!texts.empty()) {
    const Json text = {{"type", "string"}, {"enum", texts}};
    SetAnyOf({*schema, text}, schema);
  }
  return expressed;
}

// The name of a number, or the number if it has none.
Json EnumJson(const pb::EnumDescriptor* type, int number, bool as_int) {
  const pb::EnumValueDescriptor* value = type->FindValueByNumber(number);
  if (value == nullptr || as_int) return number;
  return value->name();
}

RuleNames AddEnum(const pb::EnumDescriptor* type, const FieldRules& rules,
                  Json* schema) {
  const bool as_int = schema->value("type", "") == "integer";
  const std::vector<int> allowed = AllowedEnumNumbers(rules, type);
  if (!allowed.empty()) {
    Json values = Json::array();
    bool strings = false;
    bool numbers = false;
    for (const int number : allowed) {
      values.push_back(EnumJson(type, number, as_int));
      (values.back().is_string() ? strings : numbers) = true;
    }
    Json types = strings ? "string" : "integer";
    if (strings && numbers) types = Json::array({"string", "integer"});
    *schema = Json::object({{"type", types}, {"enum", values}});
  }
  Json refused = Json::array();
  for (const int number : rules.enum_().not_in()) {
    refused.push_back(EnumJson(type, number, as_int));
    // Requests may also contain numbers of open enums.
    if (refused.back().is_string() && schema->contains("anyOf")) {
      refused.push_back(number);
    }
  }
  if (!refused.empty()) (*schema)["not"] = {{"enum", refused}};
  return {"const", "in", "not_in", "defined_only"};
}

template <typename Rules>
RuleNames AddNumberKeys(const Rules& rules, Json* schema) {
  RuleNames expressed;
  AddLists(
      rules,
      [](const auto& numbers) {
        Json values = Json::array();
        for (const auto number : numbers)
          values.push_back(absl::StrCat(number));
        return values;
      },
      &expressed, schema);
  return expressed;
}

// The last part of a rule's path: "min_len", or "[acme.v1.rule]".
absl::string_view NameIn(absl::string_view rule) {
  const size_t bracket = rule.find('[');
  if (bracket != absl::string_view::npos) return rule.substr(bracket);
  return rule.substr(rule.rfind('.') + 1);
}

}  // namespace

void SetAnyOf(const std::vector<Json>& options, Json* schema) {
  // Not `*schema = {{"anyOf", ...}}`: clang 14 leaks a value that a braced list
  // replaces.
  Json any = Json::object();
  any["anyOf"] = options;
  *schema = std::move(any);
}

RuleNames AddValueRules(const pb::FieldDescriptor* field,
                        const FieldRules& rules, Json* schema) {
  using Type = pb::FieldDescriptor;
  switch (field->type()) {
    case Type::TYPE_FLOAT:
      return AddFloating<float>(rules.float_(), schema);
    case Type::TYPE_DOUBLE:
      return AddFloating<double>(rules.double_(), schema);
    case Type::TYPE_INT32:
      return AddIntegers(rules.int32(), false, schema);
    case Type::TYPE_SINT32:
      return AddIntegers(rules.sint32(), false, schema);
    case Type::TYPE_SFIXED32:
      return AddIntegers(rules.sfixed32(), false, schema);
    case Type::TYPE_UINT32:
      return AddIntegers(rules.uint32(), false, schema);
    case Type::TYPE_FIXED32:
      return AddIntegers(rules.fixed32(), false, schema);
    case Type::TYPE_INT64:
      return AddIntegers(rules.int64(), true, schema);
    case Type::TYPE_SINT64:
      return AddIntegers(rules.sint64(), true, schema);
    case Type::TYPE_SFIXED64:
      return AddIntegers(rules.sfixed64(), true, schema);
    case Type::TYPE_UINT64:
      return AddIntegers(rules.uint64(), true, schema);
    case Type::TYPE_FIXED64:
      return AddIntegers(rules.fixed64(), true, schema);
    case Type::TYPE_BOOL:
      if (rules.bool_().has_const_()) {
        (*schema)["const"] = rules.bool_().const_();
      }
      return {"const"};
    case Type::TYPE_STRING:
      return AddTextRules(rules.string(), schema);
    case Type::TYPE_BYTES:
      return AddBase64Rules(rules.bytes(), schema);
    case Type::TYPE_ENUM:
      return AddEnum(field->enum_type(), rules, schema);
    default:
      return {};
  }
}

RuleNames AddKeyRules(const pb::FieldDescriptor* key, const FieldRules& rules,
                      Json* schema) {
  using Type = pb::FieldDescriptor;
  switch (key->type()) {
    case Type::TYPE_STRING:
      return AddTextRules(rules.string(), schema);
    case Type::TYPE_INT32:
      return AddNumberKeys(rules.int32(), schema);
    case Type::TYPE_SINT32:
      return AddNumberKeys(rules.sint32(), schema);
    case Type::TYPE_SFIXED32:
      return AddNumberKeys(rules.sfixed32(), schema);
    case Type::TYPE_UINT32:
      return AddNumberKeys(rules.uint32(), schema);
    case Type::TYPE_FIXED32:
      return AddNumberKeys(rules.fixed32(), schema);
    case Type::TYPE_INT64:
      return AddNumberKeys(rules.int64(), schema);
    case Type::TYPE_SINT64:
      return AddNumberKeys(rules.sint64(), schema);
    case Type::TYPE_SFIXED64:
      return AddNumberKeys(rules.sfixed64(), schema);
    case Type::TYPE_UINT64:
      return AddNumberKeys(rules.uint64(), schema);
    case Type::TYPE_FIXED64:
      return AddNumberKeys(rules.fixed64(), schema);
    case Type::TYPE_BOOL:
      if (rules.bool_().has_const_()) {
        (*schema)["enum"] =
            Json::array({rules.bool_().const_() ? "true" : "false"});
      }
      return {"const"};
    default:
      return {};
  }
}

RuleNames AddCollectionRules(const pb::FieldDescriptor* field,
                             const FieldRules& rules, Json* schema) {
  const bool map = field->is_map();
  const auto& list = rules.repeated();
  const auto& pairs = rules.map();
  const uint64_t least = std::max<uint64_t>(
      map ? pairs.min_pairs() : list.min_items(), rules.required() ? 1 : 0);
  if (least > 0) (*schema)[map ? "minProperties" : "minItems"] = least;
  if (map ? pairs.has_max_pairs() : list.has_max_items()) {
    (*schema)[map ? "maxProperties" : "maxItems"] =
        map ? pairs.max_pairs() : list.max_items();
  }
  if (list.unique()) (*schema)["uniqueItems"] = true;
  return {"min_items", "max_items", "unique", "min_pairs", "max_pairs"};
}

void NameRules(const std::vector<RuleText>& texts, const RuleNames& expressed,
               Json* schema) {
  Json named = Json::array();
  for (const RuleText& each : texts) {
    if (expressed.contains(NameIn(each.rule))) continue;
    Json rule = {{"id", each.id}, {"message", each.text}};
    if (!each.expression.empty()) rule["expression"] = each.expression;
    named.push_back(std::move(rule));
  }
  if (!named.empty()) (*schema)["x-validation"] = std::move(named);
}

Json ZerosOf(const pb::FieldDescriptor* field) {
  if (field->is_map()) return Json::array({Json::object()});
  if (field->is_repeated()) return Json::array({Json::array()});
  return ElementZerosOf(field);
}

Json ElementZerosOf(const pb::FieldDescriptor* field) {
  switch (KindOf(field)) {
    case JsonKind::kInteger:
    case JsonKind::kFloating:
      return Json::array({0});
    case JsonKind::kLong:
      return Json::array({"0", 0});
    case JsonKind::kBool:
      return Json::array({false});
    case JsonKind::kEnum:
      return Json::array({field->enum_type()->value(0)->name(),
                          field->enum_type()->value(0)->number()});
    default:
      return Json::array({""});
  }
}

void AddCondition(Json condition, Json* schema) {
  (*schema)["allOf"].push_back(std::move(condition));
}

void ExcludeValues(Json values, Json* schema) {
  Json refused = {{"enum", std::move(values)}};
  if (schema->contains("not")) {
    AddCondition({{"not", std::move(refused)}}, schema);
  } else {
    (*schema)["not"] = std::move(refused);
  }
}

}  // namespace sse_bridge
