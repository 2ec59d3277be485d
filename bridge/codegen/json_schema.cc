#include "bridge/codegen/json_schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/codegen/comments.h"
#include "bridge/codegen/json_form.h"
#include "bridge/schema/field_path.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldRules;

constexpr char kSchemas[] = "#/components/schemas/";

// Types of error details that clients can identify by name.
constexpr char kBadRequest[] = "google.rpc.BadRequest";

Json Reference(const std::string& name) {
  return {{"$ref", absl::StrCat(kSchemas, name)}};
}

void Describe(const std::string& comment, Json* schema) {
  if (!comment.empty()) (*schema)["description"] = Prose(comment);
}

Json Integer(const pb::FieldDescriptor* field) {
  if (!IsUnsigned(field)) return {{"type", "integer"}, {"format", "int32"}};
  return {{"type", "integer"},
          {"format", "uint32"},
          {"minimum", 0},
          {"maximum", 4294967295}};
}

// Printed as a string; numbers are also accepted.
Json Long(const pb::FieldDescriptor* field, bool input) {
  Json schema = {{"type", "string"}};
  if (input) schema["type"] = {"string", "integer"};
  schema["format"] = IsUnsigned(field) ? "uint64" : "int64";
  schema["pattern"] = IsUnsigned(field) ? "^[0-9]+$" : "^-?[0-9]+$";
  return schema;
}

Json MapKeys(const pb::FieldDescriptor* key) {
  switch (KindOf(key)) {
    case JsonKind::kBool:
      return {{"enum", {"true", "false"}}};
    case JsonKind::kInteger:
    case JsonKind::kLong:
      return {{"pattern", IsUnsigned(key) ? "^[0-9]+$" : "^-?[0-9]+$"}};
    default:
      return nullptr;
  }
}

// At most one member of a oneof is present.
Json OneofSchema(const std::vector<std::string>& members) {
  Json options = Json::array();
  Json each = Json::array();
  for (const std::string& member : members) {
    each.push_back({{"required", {member}}});
  }
  options = each;
  options.push_back({{"not", {{"anyOf", each}}}});
  return {{"oneOf", options}};
}

// Returns the remaining paths below `field`; sets *whole if one ends there.
std::vector<FieldPath> Below(const std::vector<FieldPath>& paths,
                             const pb::FieldDescriptor* field, bool* whole) {
  std::vector<FieldPath> below;
  for (const FieldPath& path : paths) {
    if (path.empty() || path.front() != field) continue;
    if (path.size() == 1) {
      *whole = true;
    } else {
      below.emplace_back(path.begin() + 1, path.end());
    }
  }
  return below;
}

}  // namespace

JsonSchemas::JsonSchemas(const Schema& schema) : shapes_(schema) {
  const pb::Descriptor* bad_request =
      schema.pool().FindMessageTypeByName(kBadRequest);
  if (bad_request != nullptr) shapes_.Add({bad_request, false, 0});
  names_ = shapes_.Name(
      [](const pb::Descriptor* type) { return type->full_name(); }, "-request");
}

void JsonSchemas::ForEachComponent(
    const std::function<void(const std::string& name, Json schema)>& visit)
    const {
  // Conflicting sources may define a name twice.
  std::set<std::string> seen;
  for (const pb::EnumDescriptor* each : shapes_.enums()) {
    if (!seen.insert(each->full_name()).second) continue;
    Json schema = {{"type", "string"}, {"enum", NamesOf(each)}};
    Describe(CommentOf(each), &schema);
    visit(each->full_name(), std::move(schema));
  }
  for (const Shape& shape : shapes_.all()) {
    const std::string& name = names_.at(shape);
    if (seen.insert(name).second) visit(name, Object(shape, {}));
  }
}

Json JsonSchemas::Object(const Shape& shape,
                         const std::vector<FieldPath>& without) const {
  const sse::v1::Json json = JsonFromBits(shape.json);
  Json properties = Json::object();
  Json required = Json::array();
  std::map<const pb::OneofDescriptor*, std::vector<std::string>> oneofs;
  for (const pb::FieldDescriptor* field : FieldsOf(shape.type)) {
    bool whole = false;
    const std::vector<FieldPath> below = Below(without, field, &whole);
    if (whole) continue;
    const std::string name = JsonName(field, json);
    properties[name] = below.empty() ? Field(field, shape.input, shape.json)
                                     : FieldWithout(field, shape.json, without);
    if (shape.input ? IsRequired(field) : IsAlwaysPrinted(field, json)) {
      required.push_back(name);
    }
    if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
      oneofs[oneof].push_back(name);
    }
  }
  Json schema = {{"type", "object"}};
  // Omit comments of the bridge's own types: the document must not depend on
  // whether the schema includes that file's comments.
  if (shape.type->full_name() != kBadRequest) {
    Describe(CommentOf(shape.type), &schema);
  }
  if (!properties.empty()) schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  // The bridge rejects unknown members.
  if (shape.input) schema["additionalProperties"] = false;
  Json all = Json::array();
  for (const auto& [oneof, members] : oneofs) {
    if (members.size() > 1) all.push_back(OneofSchema(members));
  }
  if (!all.empty()) schema["allOf"] = std::move(all);
  return schema;
}

Json JsonSchemas::RequestWithout(const pb::Descriptor* type, int json,
                                 const std::vector<FieldPath>& without) const {
  if (without.empty() || KindOf(type) != JsonKind::kMessage) {
    return Message(type, true, json);
  }
  return Object({type, true, json}, without);
}

Json JsonSchemas::FieldWithout(const pb::FieldDescriptor* field, int json,
                               const std::vector<FieldPath>& without) const {
  bool whole = false;
  const std::vector<FieldPath> below = Below(without, field, &whole);
  if (below.empty()) return Field(field, true, json);
  Json schema = Object({field->message_type(), true, json}, below);
  Describe(CommentOf(field), &schema);
  return schema;
}

Json JsonSchemas::Field(const pb::FieldDescriptor* field, bool input,
                        int json) const {
  const FieldRules& rules = ElementRulesOf(field);
  Json schema;
  if (field->is_map()) {
    const pb::Descriptor* entry = field->message_type();
    schema = {{"type", "object"}};
    Json keys = MapKeys(entry->map_key());
    const FieldRules& key_rules = RulesOf(field).map().keys();
    if (key_rules.type_case() != FieldRules::TYPE_NOT_SET) {
      if (keys.is_null()) keys = Json::object();
      if (KindOf(entry->map_key()) == JsonKind::kString) {
        AddValueRules(entry->map_key(), key_rules, &keys);
      }
    }
    if (!keys.is_null()) schema["propertyNames"] = std::move(keys);
    schema["additionalProperties"] =
        Element(entry->map_value(), rules, input, json);
    AddCollectionRules(field, &schema);
  } else if (field->is_repeated()) {
    schema = {{"type", "array"}, {"items", Element(field, rules, input, json)}};
    AddCollectionRules(field, &schema);
  } else {
    schema = Element(field, rules, input, json);
  }
  Describe(CommentOf(field), &schema);
  if (field->options().deprecated()) schema["deprecated"] = true;
  return schema;
}

Json JsonSchemas::Element(const pb::FieldDescriptor* field,
                          const FieldRules& rules, bool input, int json) const {
  Json schema = Json::object();
  switch (KindOf(field)) {
    case JsonKind::kInteger:
      schema = Integer(field);
      break;
    case JsonKind::kLong:
      schema = Long(field, input);
      break;
    case JsonKind::kFloating:
      schema["type"] = "number";
      schema["format"] =
          field->type() == pb::FieldDescriptor::TYPE_FLOAT ? "float" : "double";
      break;
    case JsonKind::kBool:
      schema["type"] = "boolean";
      break;
    case JsonKind::kString:
      schema["type"] = "string";
      break;
    case JsonKind::kBytes:
      schema["type"] = "string";
      schema["contentEncoding"] = "base64";
      break;
    case JsonKind::kEnum:
      schema = Enum(field, rules, input, json);
      // Rules are identified by name.
      if (schema.value("type", "") == "integer") return schema;
      break;
    case JsonKind::kNull:
      schema["type"] = "null";
      return schema;
    case JsonKind::kAny:
      return Any(field, rules, input, json);
    case JsonKind::kWrapper:
      return Element(field->message_type()->FindFieldByNumber(1), rules, input,
                     json);
    default:
      return Message(field->message_type(), input, json);
  }
  AddValueRules(field, rules, &schema);
  return schema;
}

Json JsonSchemas::Enum(const pb::FieldDescriptor* field,
                       const FieldRules& rules, bool input, int json) const {
  const std::string& name = field->enum_type()->full_name();
  const bool any_number = IsOpenEnum(field) && !rules.enum_().defined_only();
  if (JsonFromBits(json).always_print_enums_as_ints() && !input) {
    Json numbers = Json::array();
    for (int i = 0; i < field->enum_type()->value_count(); ++i) {
      numbers.push_back(field->enum_type()->value(i)->number());
    }
    Json schema = {{"type", "integer"}, {"format", "int32"}};
    if (!any_number) schema["enum"] = std::move(numbers);
    return schema;
  }
  if (!any_number || !rules.enum_().in().empty() ||
      rules.enum_().has_const_()) {
    return Reference(name);
  }
  // Unnamed values are numbers.
  return {
      {"anyOf", {Reference(name), {{"type", "integer"}, {"format", "int32"}}}}};
}

Json JsonSchemas::Any(const pb::FieldDescriptor* field, const FieldRules& rules,
                      bool input, int json) const {
  Json options = Json::array();
  for (const AnyCandidate& each : CandidatesOf(field, rules)) {
    const Json type = {{"const", each.url}};
    if (KindOf(each.type) != JsonKind::kMessage) {
      options.push_back(
          {{"type", "object"},
           {"required", {"@type", "value"}},
           {"properties",
            {{"@type", type}, {"value", Message(each.type, input, json)}}}});
      continue;
    }
    // Not a reference beside "@type", because requests accept no other members.
    Json object = Object({each.type, input, json}, {});
    Json properties = {{"@type", type}};
    if (object.contains("properties")) properties.update(object["properties"]);
    object["properties"] = std::move(properties);
    Json required = {"@type"};
    if (object.contains("required")) {
      for (const Json& name : object["required"]) required.push_back(name);
    }
    object["required"] = std::move(required);
    object["title"] = each.type->full_name();
    options.push_back(std::move(object));
  }
  if (options.empty()) return Message(field->message_type(), input, json);
  return {{"oneOf", std::move(options)}};
}

Json JsonSchemas::Message(const pb::Descriptor* type, bool input,
                          int json) const {
  switch (KindOf(type)) {
    case JsonKind::kMessage:
      return Reference(names_.at({type, input, json}));
    case JsonKind::kAny:
      return {
          {"type", "object"},
          {"properties", {{"@type", {{"type", "string"}}}}},
          {"description",
           "A message of any type, given by `@type`, with its own members."}};
    case JsonKind::kTimestamp:
      return {{"type", "string"}, {"format", "date-time"}};
    case JsonKind::kDuration:
      return {{"type", "string"},
              {"pattern", "^-?[0-9]+(\\.[0-9]{1,9})?s$"},
              {"examples", {"1.5s"}}};
    case JsonKind::kFieldMask:
      return {{"type", "string"}, {"examples", {"name,address.city"}}};
    case JsonKind::kStruct:
      return {{"type", "object"}};
    case JsonKind::kListValue:
      return {{"type", "array"}, {"items", Json::object()}};
    case JsonKind::kWrapper: {
      const pb::FieldDescriptor* value = type->FindFieldByNumber(1);
      return Element(value, RulesOf(value), input, json);
    }
    default:
      return Json::object();
  }
}

}  // namespace sse_bridge
