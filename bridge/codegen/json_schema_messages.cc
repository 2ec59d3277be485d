// Rules about which fields of a message are set, in JSON Schema.

#include <algorithm>
#include <utility>

#include "bridge/codegen/json_form.h"
#include "bridge/codegen/json_schema_rules.h"
#include "bridge/schema/field_features.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using NamesByField = std::map<const pb::FieldDescriptor*, std::string>;

// Linters demand that a schema knows the members that it requires.
Json WithProperties(Json conditions) {
  for (Json& condition : conditions) {
    Json& properties = condition["properties"];
    for (const Json& name : condition["required"]) {
      Json& property = properties[name.get_ref<const std::string&>()];
      if (property.is_null()) property = Json::object();
    }
  }
  return conditions;
}

// At most one of `count` fields is set, or exactly one. `members` are those
// of the fields in the schema; another one is set by the path.
void AddOneOf(const Json& members, int count, bool required, Json* schema) {
  if (members.empty()) return;
  const Json conditions = WithProperties(members);
  const Json none = {{"not", {{"anyOf", conditions}}}};
  if (static_cast<int>(conditions.size()) < count) {
    AddCondition(none, schema);
  } else if (count > 1 || required) {
    Json options = conditions;
    if (!required) options.push_back(none);
    AddCondition({{"oneOf", options}}, schema);
  }
}

Json IsPresent(const std::string& name) {
  return {{"required", Json::array({name})}};
}

// Without presence, a zero value means that the field is not set.
Json IsSetInJson(const pb::FieldDescriptor* field, const std::string& name) {
  Json condition = IsPresent(name);
  if (!HasPresence(field)) {
    ExcludeValues(ZerosOf(field), &condition["properties"][name]);
  }
  return condition;
}

void AddOneofs(const pb::Descriptor* type, const NamesByField& names,
               bool input, Json* schema) {
  for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = type->oneof_decl(i);
    Json members = Json::array();
    for (int j = 0; j < oneof->field_count(); ++j) {
      const auto member = names.find(oneof->field(j));
      if (member != names.end()) members.push_back(IsPresent(member->second));
    }
    const bool required =
        input && oneof->options().GetExtension(buf::validate::oneof).required();
    AddOneOf(members, oneof->field_count(), required, schema);
  }
}

void AddOneofRules(const pb::Descriptor* type, const NamesByField& names,
                   Json* schema) {
  for (const auto& rule :
       type->options().GetExtension(buf::validate::message).oneof()) {
    Json members = Json::array();
    for (const std::string& field : rule.fields()) {
      const auto member = names.find(type->FindFieldByName(field));
      if (member == names.end()) continue;
      members.push_back(IsSetInJson(member->first, member->second));
    }
    AddOneOf(members, rule.fields_size(), rule.required(), schema);
  }
}

}  // namespace

void AddMessageRules(const pb::Descriptor* type, const NamesByField& names,
                     bool input, const std::vector<RuleText>& texts,
                     Json* schema) {
  AddOneofs(type, names, input, schema);
  if (texts.empty()) return;
  AddOneofRules(type, names, schema);
  NameRules(texts, {"oneof", "required"}, schema);
}

void RequireNonzero(const pb::FieldDescriptor* field, Json* schema) {
  const Json zeros = ElementZerosOf(field);
  Json allowed = schema->value("enum", Json::array());
  if (schema->contains("const")) allowed.push_back((*schema)["const"]);
  if (!allowed.empty() &&
      std::none_of(zeros.begin(), zeros.end(), [&allowed](const Json& zero) {
        return std::find(allowed.begin(), allowed.end(), zero) != allowed.end();
      })) {
    return;  // the list excludes it
  }
  const JsonKind kind = KindOf(field);
  if (kind == JsonKind::kString || kind == JsonKind::kBytes) {
    const uint64_t least = schema->value("minLength", uint64_t{0});
    (*schema)["minLength"] = std::max<uint64_t>(least, 1);
  } else {
    ExcludeValues(zeros, schema);
  }
}

}  // namespace sse_bridge
