#include "bridge/codegen/json_schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/codegen/comments.h"
#include "bridge/codegen/json_form.h"
#include "bridge/codegen/openapi_annotations.h"
#include "bridge/schema/field_features.h"
#include "bridge/schema/field_path.h"
#include "openapiv3/annotations.pb.h"

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
      return Json::object();
  }
}

// The names of a map's members, with the rules for keys.
Json Keys(const pb::FieldDescriptor* key, const FieldRules& rules,
          const FieldRuleTexts* texts) {
  Json schema = MapKeys(key);
  const Json before = AllowsZero(rules) ? schema : Json();
  const RuleNames expressed = AddKeyRules(key, rules, &schema);
  if (AllowsZero(rules) && schema != before) {
    Json zero = "";
    if (KindOf(key) == JsonKind::kBool) zero = "false";
    if (KindOf(key) == JsonKind::kInteger || KindOf(key) == JsonKind::kLong) {
      zero = "0";
    }
    const Json zeros = {{"const", zero}};
    SetAnyOf({zeros, schema}, &schema);
  }
  if (texts != nullptr) NameRules(texts->keys, expressed, &schema);
  return schema;
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

JsonSchemas::JsonSchemas(const Schema& schema)
    : shapes_(schema),
      bad_request_(schema.pool().FindMessageTypeByName(kBadRequest)),
      texts_(std::make_unique<RuleTexts>()) {
  if (bad_request_ != nullptr) shapes_.Add({bad_request_, false, 0});
  names_ = shapes_.Name(
      [](const pb::Descriptor* type) { return type->full_name(); }, "-request");
}

Json JsonSchemas::BadRequest() const {
  return bad_request_ == nullptr ? Json() : Message(bad_request_, false, 0);
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
  std::map<const pb::FieldDescriptor*, std::string> names;
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
    names.emplace(field, name);
  }
  Json schema = {{"type", "object"}};
  // Omit comments of the bridge's own types: the document must not depend on
  // whether the schema includes that file's comments.
  if (shape.type->full_name() != kBadRequest) {
    Describe(CommentOf(shape.type), &schema);
  }
  Annotate(shape.type->options().GetExtension(openapi::v3::schema), &schema);
  AlignExample(names, &schema);
  if (!properties.empty()) schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  // The bridge rejects unknown members.
  if (shape.input) schema["additionalProperties"] = false;
  const std::vector<RuleText> texts =
      shape.input ? texts_->OfMessage(shape.type) : std::vector<RuleText>();
  AddMessageRules(shape.type, names, shape.input, texts, &schema);
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
  NameRules(texts_->OfField(field).value, {}, &schema);
  Describe(CommentOf(field), &schema);
  // The example may contain what is excluded.
  openapi::v3::Schema texts =
      field->options().GetExtension(openapi::v3::property);
  texts.clear_example();
  Annotate(texts, &schema);
  return schema;
}

Json JsonSchemas::Field(const pb::FieldDescriptor* field, bool input,
                        int json) const {
  const FieldRules rules = RulesOf(field);
  const FieldRules element = ElementRulesOf(field);
  const FieldRuleTexts texts =
      input ? texts_->OfField(field) : FieldRuleTexts();
  Json schema;
  if (field->is_map()) {
    const pb::Descriptor* entry = field->message_type();
    schema = {{"type", "object"}};
    Json keys =
        Keys(entry->map_key(), KeyRulesOf(field), input ? &texts : nullptr);
    if (!keys.empty()) schema["propertyNames"] = std::move(keys);
    schema["additionalProperties"] =
        Element(entry->map_value(), element, texts.value, input, json);
  } else if (field->is_repeated()) {
    schema = {{"type", "array"},
              {"items", Element(field, element, texts.value, input, json)}};
  } else {
    schema = Element(field, element, texts.value, input, json);
    if (input && rules.required() && !HasPresence(field)) {
      RequireNonzero(field, &schema);
    }
  }
  if (field->is_repeated()) {
    const Json before = AllowsZero(rules) ? schema : Json();
    const RuleNames expressed = AddCollectionRules(field, rules, &schema);
    if (AllowsZero(rules) && schema != before) {
      const Json zeros = {{"enum", ZerosOf(field)}};
      SetAnyOf({zeros, schema}, &schema);
    }
    NameRules(texts.whole, expressed, &schema);
  }
  Describe(CommentOf(field), &schema);
  if (field->options().deprecated()) schema["deprecated"] = true;
  Annotate(field->options().GetExtension(openapi::v3::property), &schema);
  return schema;
}

Json JsonSchemas::Element(const pb::FieldDescriptor* field,
                          const FieldRules& rules,
                          const std::vector<RuleText>& texts, bool input,
                          int json) const {
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
      break;
    case JsonKind::kNull:
      schema["type"] = "null";
      NameRules(texts, {}, &schema);
      return schema;
    case JsonKind::kAny:
      schema = Any(field, rules, input, json);
      NameRules(texts, {"in", "not_in"}, &schema);
      return schema;
    case JsonKind::kWrapper:
      return Element(field->message_type()->FindFieldByNumber(1), rules, texts,
                     input, json);
    default:
      schema = Message(field->message_type(), input, json);
      if (AllowsZero(rules) && KindOf(field) == JsonKind::kMessage) {
        const Json empty = {{"type", "object"}, {"maxProperties", 0}};
        SetAnyOf({empty, schema}, &schema);
      }
      NameRules(texts, {}, &schema);
      return schema;
  }
  const Json before = AllowsZero(rules) ? schema : Json();
  const RuleNames expressed = AddValueRules(field, rules, &schema);
  if (AllowsZero(rules) && schema != before) {
    const Json zeros = {{"enum", ElementZerosOf(field)}};
    SetAnyOf({zeros, schema}, &schema);
  }
  NameRules(texts, expressed, &schema);
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
  if (!any_number || !AllowedEnumNumbers(rules, field->enum_type()).empty()) {
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
    object.erase("examples");  // they lack "@type"
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
  Json schema = {{"oneOf", options}};
  if (options.empty()) {
    schema = Message(field->message_type(), input, json);
    // Types that the schema does not contain.
    if (!rules.any().in().empty()) {
      schema["properties"]["@type"]["enum"] = rules.any().in();
    }
  }
  if (!rules.any().not_in().empty()) {
    const Json refused = {{"enum", rules.any().not_in()}};
    schema["not"] = {{"properties", {{"@type", refused}}},
                     {"required", Json::array({"@type"})}};
  }
  return schema;
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
      return Element(value, RulesOf(value), {}, input, json);
    }
    default:
      return Json::object();
  }
}

}  // namespace sse_bridge
