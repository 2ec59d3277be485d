#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_JSON_SCHEMA_RULES_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_JSON_SCHEMA_RULES_H_

// buf.validate rules in JSON Schema 2020-12. Used by json_schema.cc and tests
// only.

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/schema/rule_texts.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

using Json = nlohmann::ordered_json;

// Names of rules within their message, such as "min_len" of StringRules.
using RuleNames = std::set<std::string, std::less<>>;

// Each adds rules to a schema and returns those that it expresses completely.
// NameRules names the others.

// Replaces the schema by one that accepts whatever one of the options accepts.
void SetAnyOf(const std::vector<Json>& options, Json* schema);

// The rules of one value, whose schema is a string, a number, a bool or an
// enum.
RuleNames AddValueRules(const google::protobuf::FieldDescriptor* field,
                        const buf::validate::FieldRules& rules, Json* schema);

// The rules for strings and bytes.
RuleNames AddTextRules(const buf::validate::StringRules& rules, Json* schema);
RuleNames AddBase64Rules(const buf::validate::BytesRules& rules, Json* schema);

// The rules for the keys of a map, which are strings in JSON.
RuleNames AddKeyRules(const google::protobuf::FieldDescriptor* key,
                      const buf::validate::FieldRules& rules, Json* schema);

// The rules for the number of items or pairs, and `required`.
RuleNames AddCollectionRules(const google::protobuf::FieldDescriptor* field,
                             const buf::validate::FieldRules& rules,
                             Json* schema);

// The members of each oneof exclude each other. In requests, `oneof` rules are
// added too, and the other rules of the message are named. `names` are the
// members of the schema by their fields; others are set by the path. `texts`
// are empty for responses.
void AddMessageRules(const google::protobuf::Descriptor* type,
                     const std::map<const google::protobuf::FieldDescriptor*,
                                    std::string>& names,
                     bool input, const std::vector<RuleText>& texts,
                     Json* schema);

// Adds `required` of a field without presence.
void RequireNonzero(const google::protobuf::FieldDescriptor* field,
                    Json* schema);

// Adds the rules that are not among `expressed` as the extension
// `x-validation`: a list of {"id", "message", "expression"}.
void NameRules(const std::vector<RuleText>& texts, const RuleNames& expressed,
               Json* schema);

// The JSON values that mean zero: for a field without presence, and for one
// scalar or enum of it.
Json ZerosOf(const google::protobuf::FieldDescriptor* field);
Json ElementZerosOf(const google::protobuf::FieldDescriptor* field);

// Excludes values without replacing what `schema` excludes already.
void ExcludeValues(Json values, Json* schema);

// Adds a condition to the schema.
void AddCondition(Json condition, Json* schema);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_JSON_SCHEMA_RULES_H_
