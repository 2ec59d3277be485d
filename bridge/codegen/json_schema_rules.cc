// Translates buf.validate rules to JSON Schema 2020-12.

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/codegen/json_form.h"
#include "bridge/codegen/json_schema.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldRules;

// RE2 syntax that ECMA-262, and so `pattern`, does not support.
bool IsEcmaPattern(absl::string_view pattern) {
  for (const char* own :
       {"(?i", "(?m", "(?s", "(?U", "(?-", "(?P", "[[:", "\\A", "\\z", "\\Q",
        "\\C", "\\p", "\\P", "\\x{", "\\a", "\\pN"}) {
    if (absl::StrContains(pattern, own)) return false;
  }
  return true;
}

std::string EscapeForPattern(absl::string_view text) {
  std::string out;
  for (char c : text) {
    if (absl::string_view("\\^$.|?*+()[]{}/").find(c) !=
        absl::string_view::npos) {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out;
}

template <typename Rules>
void AddBounds(const Rules& rules, Json* schema) {
  const bool has_low = rules.has_gt() || rules.has_gte();
  const bool has_high = rules.has_lt() || rules.has_lte();
  Json low, high;
  if (rules.has_gt()) low = {{"exclusiveMinimum", rules.gt()}};
  if (rules.has_gte()) low = {{"minimum", rules.gte()}};
  if (rules.has_lt()) high = {{"exclusiveMaximum", rules.lt()}};
  if (rules.has_lte()) high = {{"maximum", rules.lte()}};
  if (has_low && has_high) {
    // An upper bound below the lower one excludes the values between them.
    const auto lowest = rules.has_gt() ? rules.gt() : rules.gte();
    const auto highest = rules.has_lt() ? rules.lt() : rules.lte();
    if (highest < lowest) {
      (*schema)["anyOf"] = {low, high};
      return;
    }
  }
  if (has_low) schema->update(low);
  if (has_high) schema->update(high);
}

template <typename Rules>
void AddIntegers(const Rules& rules, bool as_text, Json* schema) {
  const auto list = [&](const auto& numbers) {
    Json values = Json::array();
    for (const auto number : numbers) {
      if (as_text) values.push_back(absl::StrCat(number));
      // Requests may also contain numbers.
      if (!as_text || schema->at("type").is_array()) values.push_back(number);
    }
    return values;
  };
  if (rules.has_const_()) {
    (*schema)["enum"] = list(std::vector{rules.const_()});
  } else if (!rules.in().empty()) {
    (*schema)["enum"] = list(rules.in());
  }
  if (!rules.not_in().empty()) {
    (*schema)["not"] = {{"enum", list(rules.not_in())}};
  }
  // JSON Schema bounds do not apply to strings, which 64-bit numbers are
  // printed as.
  if (!as_text || schema->at("type").is_array()) AddBounds(rules, schema);
}

// Which of "NaN", "Infinity" and "-Infinity" are still allowed.
template <typename Rules>
Json NonFinite(const Rules& rules) {
  Json texts = Json::array();
  if (rules.finite() || rules.has_const_() || !rules.in().empty()) return texts;
  const bool low = rules.has_gt() || rules.has_gte();
  const bool high = rules.has_lt() || rules.has_lte();
  if (!low && !high) texts.push_back("NaN");
  if (!high) texts.push_back("Infinity");
  if (!low) texts.push_back("-Infinity");
  return texts;
}

template <typename Rules>
void AddFloating(const Rules& rules, Json* schema) {
  const auto finite = [](const auto& numbers) {
    Json values = Json::array();
    for (const double number : numbers) {
      if (std::isfinite(number)) values.push_back(number);
    }
    return values;
  };
  if (rules.has_const_()) {
    (*schema)["enum"] = finite(std::vector{rules.const_()});
  } else if (!rules.in().empty()) {
    (*schema)["enum"] = finite(rules.in());
  }
  if (!rules.not_in().empty()) {
    (*schema)["not"] = {{"enum", finite(rules.not_in())}};
  }
  AddBounds(rules, schema);
  Json texts = NonFinite(rules);
  if (texts.empty()) return;
  *schema = {{"anyOf", {*schema, {{"type", "string"}, {"enum", texts}}}}};
}

void AddPattern(const std::string& pattern, Json* schema) {
  if (!schema->contains("pattern")) {
    (*schema)["pattern"] = pattern;
  } else {
    (*schema)["allOf"].push_back({{"pattern", pattern}});
  }
}

void AddStrings(const buf::validate::StringRules& rules, Json* schema) {
  const auto list = [](const auto& texts) {
    return Json(std::vector<std::string>(texts.begin(), texts.end()));
  };
  if (rules.has_const_()) {
    (*schema)["const"] = rules.const_();
  } else if (!rules.in().empty()) {
    (*schema)["enum"] = list(rules.in());
  }
  if (!rules.not_in().empty()) {
    (*schema)["not"] = {{"enum", list(rules.not_in())}};
  }
  if (rules.has_len()) {
    (*schema)["minLength"] = rules.len();
    (*schema)["maxLength"] = rules.len();
  }
  if (rules.has_min_len()) (*schema)["minLength"] = rules.min_len();
  if (rules.has_max_len()) {
    (*schema)["maxLength"] = rules.max_len();
  } else if (rules.has_max_bytes() && !rules.has_len()) {
    // A string has at most as many characters as bytes.
    (*schema)["maxLength"] = rules.max_bytes();
  }
  if (rules.has_pattern()) {
    if (IsEcmaPattern(rules.pattern())) {
      AddPattern(rules.pattern(), schema);
    } else {
      (*schema)["$comment"] = absl::StrCat("RE2: ", rules.pattern());
    }
  }
  if (rules.has_prefix()) {
    AddPattern(absl::StrCat("^", EscapeForPattern(rules.prefix())), schema);
  }
  if (rules.has_suffix()) {
    AddPattern(absl::StrCat(EscapeForPattern(rules.suffix()), "$"), schema);
  }
  if (rules.has_contains()) {
    AddPattern(EscapeForPattern(rules.contains()), schema);
  }
  if (rules.has_not_contains()) {
    (*schema)["allOf"].push_back(
        {{"not", {{"pattern", EscapeForPattern(rules.not_contains())}}}});
  }
}

// Lengths of the base64 text; requests may omit its padding.
void AddBytes(const buf::validate::BytesRules& rules, Json* schema) {
  const auto shortest = [](uint64_t bytes) { return (bytes * 4 + 2) / 3; };
  const auto longest = [](uint64_t bytes) { return (bytes + 2) / 3 * 4; };
  if (rules.has_len()) {
    (*schema)["minLength"] = shortest(rules.len());
    (*schema)["maxLength"] = longest(rules.len());
  }
  if (rules.has_min_len()) (*schema)["minLength"] = shortest(rules.min_len());
  if (rules.has_max_len()) (*schema)["maxLength"] = longest(rules.max_len());
}

void AddEnum(const pb::EnumDescriptor* type, const FieldRules& rules,
             Json* schema) {
  const std::vector<std::string> allowed = AllowedNames(rules, type);
  if (!allowed.empty()) *schema = {{"type", "string"}, {"enum", allowed}};
  Json refused = Json::array();
  for (int number : rules.enum_().not_in()) {
    const auto* value = type->FindValueByNumber(number);
    if (value != nullptr) refused.push_back(value->name());
  }
  if (!refused.empty()) (*schema)["not"] = {{"enum", refused}};
}

}  // namespace

void AddValueRules(const pb::FieldDescriptor* field, const FieldRules& rules,
                   Json* schema) {
  switch (field->type()) {
    case pb::FieldDescriptor::TYPE_FLOAT:
      return AddFloating(rules.float_(), schema);
    case pb::FieldDescriptor::TYPE_DOUBLE:
      return AddFloating(rules.double_(), schema);
    case pb::FieldDescriptor::TYPE_INT32:
      return AddIntegers(rules.int32(), false, schema);
    case pb::FieldDescriptor::TYPE_SINT32:
      return AddIntegers(rules.sint32(), false, schema);
    case pb::FieldDescriptor::TYPE_SFIXED32:
      return AddIntegers(rules.sfixed32(), false, schema);
    case pb::FieldDescriptor::TYPE_UINT32:
      return AddIntegers(rules.uint32(), false, schema);
    case pb::FieldDescriptor::TYPE_FIXED32:
      return AddIntegers(rules.fixed32(), false, schema);
    case pb::FieldDescriptor::TYPE_INT64:
      return AddIntegers(rules.int64(), true, schema);
    case pb::FieldDescriptor::TYPE_SINT64:
      return AddIntegers(rules.sint64(), true, schema);
    case pb::FieldDescriptor::TYPE_SFIXED64:
      return AddIntegers(rules.sfixed64(), true, schema);
    case pb::FieldDescriptor::TYPE_UINT64:
      return AddIntegers(rules.uint64(), true, schema);
    case pb::FieldDescriptor::TYPE_FIXED64:
      return AddIntegers(rules.fixed64(), true, schema);
    case pb::FieldDescriptor::TYPE_BOOL:
      if (rules.bool_().has_const_()) {
        (*schema)["const"] = rules.bool_().const_();
      }
      return;
    case pb::FieldDescriptor::TYPE_STRING:
      return AddStrings(rules.string(), schema);
    case pb::FieldDescriptor::TYPE_BYTES:
      return AddBytes(rules.bytes(), schema);
    case pb::FieldDescriptor::TYPE_ENUM:
      return AddEnum(field->enum_type(), rules, schema);
    default:
      return;
  }
}

void AddCollectionRules(const pb::FieldDescriptor* field, Json* schema) {
  const FieldRules& rules = RulesOf(field);
  if (field->is_map()) {
    if (rules.map().has_min_pairs()) {
      (*schema)["minProperties"] = rules.map().min_pairs();
    }
    if (rules.map().has_max_pairs()) {
      (*schema)["maxProperties"] = rules.map().max_pairs();
    }
    return;
  }
  if (rules.repeated().has_min_items()) {
    (*schema)["minItems"] = rules.repeated().min_items();
  } else if (rules.required()) {
    (*schema)["minItems"] = 1;
  }
  if (rules.repeated().has_max_items()) {
    (*schema)["maxItems"] = rules.repeated().max_items();
  }
  if (rules.repeated().unique()) (*schema)["uniqueItems"] = true;
}

}  // namespace sse_bridge
