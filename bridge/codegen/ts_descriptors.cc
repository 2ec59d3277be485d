#include "bridge/codegen/ts_descriptors.h"

#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/codegen/json_form.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// A field's kind: that of a scalar in protobuf, or that of a well-known type.
std::string KindName(const pb::FieldDescriptor* field) {
  switch (KindOf(field)) {
    case JsonKind::kMessage:
      return "message";
    case JsonKind::kAny:
      return "any";
    case JsonKind::kTimestamp:
      return "timestamp";
    case JsonKind::kDuration:
      return "duration";
    case JsonKind::kFieldMask:
      return "fieldMask";
    case JsonKind::kStruct:
      return "struct";
    case JsonKind::kValue:
      return "value";
    case JsonKind::kListValue:
      return "listValue";
    case JsonKind::kNull:
      return "null";
    case JsonKind::kWrapper:
      return KindName(field->message_type()->FindFieldByNumber(1));
    default:
      return std::string(field->type_name());
  }
}

// The element of a list or map, or the field itself.
const pb::FieldDescriptor* ElementOf(const pb::FieldDescriptor* field) {
  return field->is_map() ? field->message_type()->map_value() : field;
}

std::string StringList(const std::vector<std::string>& texts,
                       absl::string_view separator) {
  return absl::StrJoin(texts, separator,
                       [](std::string* out, const std::string& text) {
                         out->append(JsString(text));
                       });
}

std::string EnumConstants(const pb::EnumDescriptor* type,
                          const TsTypeNames& names) {
  std::string values =
      absl::StrCat("\nexport const ", names.Of(type), " = {\n");
  std::string numbers =
      absl::StrCat("\nexport const ", names.NumbersOf(type), " = {\n");
  for (int i = 0; i < type->value_count(); ++i) {
    const pb::EnumValueDescriptor* value = type->value(i);
    const std::string key = JsKey(value->name());
    absl::StrAppend(&values, "  ", key, ": ",
                    JsString(type->FindValueByNumber(value->number())->name()),
                    ",\n");
    absl::StrAppend(&numbers, "  ", key, ": ", value->number(), ",\n");
  }
  return absl::StrCat(values, "};\n", numbers, "};\n");
}

}  // namespace

TsDescriptors::TsDescriptors(const Shapes& shapes, const TsTypeNames& names)
    : shapes_(shapes), names_(names) {
  for (const Shape& shape : shapes.all()) {
    std::set<int>& jsons = jsons_[shape.type];
    if (jsons.empty()) messages_.push_back(shape.type);
    jsons.insert(shape.json);
  }
  for (const bool input : {false, true}) {
    for (const Shape& shape : shapes.all()) {
      if (shape.input != input) continue;
      // What is only received by the bridge is described as such.
      if (input && printed_.contains(shape.type)) continue;
      if (!input) printed_.insert(shape.type);
      types_[shape.type].push_back(names.Of(shape));
    }
  }
}

std::string TsDescriptors::Constants() const {
  std::string out =
      "// Values of enums and descriptors of messages. Generated; do not "
      "edit.\n";
  for (const pb::EnumDescriptor* each : shapes_.enums()) {
    out += EnumConstants(each, names_);
  }
  for (const pb::Descriptor* type : messages_) out += Literal(type);
  return out;
}

std::string TsDescriptors::Declarations() const {
  std::string out;
  for (const pb::Descriptor* type : messages_) {
    std::vector<std::string> converted, oneofs;
    for (const pb::FieldDescriptor* field : FieldsOf(type)) {
      const std::string conversion = Conversion(field);
      if (conversion.empty()) continue;
      for (const std::string& key : KeysOf(field)) {
        converted.push_back(absl::StrCat(JsMember(key), ": ", conversion));
      }
    }
    for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
      const pb::OneofDescriptor* oneof = type->oneof_decl(i);
      std::vector<std::string> keys;
      for (int j = 0; j < oneof->field_count(); ++j) {
        for (std::string& key : KeysOf(oneof->field(j))) {
          keys.push_back(std::move(key));
        }
      }
      oneofs.push_back(
          absl::StrCat(JsMember(oneof->name()), ": ", StringList(keys, " | ")));
    }
    const auto object = [](const std::vector<std::string>& members) {
      return members.empty()
                 ? std::string("{}")
                 : absl::StrCat("{ ", absl::StrJoin(members, "; "), " }");
    };
    absl::StrAppend(&out, "\n/** Describes `", type->full_name(),
                    "`. */\nexport declare const ", names_.Of(type),
                    ": $v.MessageType<", absl::StrJoin(types_.at(type), " | "),
                    ", ", object(converted), ", ", object(oneofs), ">;\n");
  }
  return out;
}

std::string TsDescriptors::Literal(const pb::Descriptor* type) const {
  std::string out = absl::StrCat(
      "\nexport const ", names_.Of(type),
      " = {\n  typeName: ", JsString(type->full_name()), ",\n  fields: [");
  for (const pb::FieldDescriptor* field : FieldsOf(type)) {
    absl::StrAppend(&out, "\n    ", FieldLiteral(field), ",");
  }
  out += type->field_count() > 0 ? "\n  ],\n  oneofs: [" : "],\n  oneofs: [";
  for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = type->oneof_decl(i);
    std::vector<std::string> names;
    names.reserve(static_cast<size_t>(oneof->field_count()));
    for (int j = 0; j < oneof->field_count(); ++j) {
      names.push_back(oneof->field(j)->name());
    }
    absl::StrAppend(&out, "\n    { name: ", JsString(oneof->name()),
                    ", fields: [", StringList(names, ", "), "] },");
  }
  return out +
         (type->real_oneof_decl_count() > 0 ? "\n  ],\n};\n" : "],\n};\n");
}

std::string TsDescriptors::FieldLiteral(
    const pb::FieldDescriptor* field) const {
  const pb::FieldDescriptor* element = ElementOf(field);
  const std::string name = field->is_extension()
                               ? absl::StrCat("[", field->full_name(), "]")
                               : field->name();
  std::string out = absl::StrCat(
      "{ name: ", JsString(name),
      ", jsonName: ", JsString(JsonName(field, sse::v1::Json())),
      ", number: ", field->number(), ", kind: ", JsString(KindName(element)));
  // Constants may be declared later, or refer to each other.
  if (KindOf(element) == JsonKind::kMessage) {
    absl::StrAppend(&out, ", type: () => ", names_.Of(element->message_type()));
  } else if (KindOf(element) == JsonKind::kEnum) {
    absl::StrAppend(&out, ", type: () => ", names_.Of(element->enum_type()));
  }
  if (field->is_map()) {
    absl::StrAppend(&out, ", map: ",
                    JsString(field->message_type()->map_key()->type_name()));
  } else if (field->is_repeated()) {
    out += ", list: true";
  }
  if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
    absl::StrAppend(&out, ", oneof: ", JsString(oneof->name()));
  }
  if (field->options().deprecated()) out += ", deprecated: true";
  return out + " }";
}

std::vector<std::string> TsDescriptors::KeysOf(
    const pb::FieldDescriptor* field) const {
  std::vector<std::string> keys;
  for (const int json : jsons_.at(field->containing_type())) {
    std::string key = JsonName(field, JsonFromBits(json));
    if (!absl::c_linear_search(keys, key)) keys.push_back(std::move(key));
  }
  return keys;
}

std::string TsDescriptors::Conversion(const pb::FieldDescriptor* field) const {
  const std::string element = ElementConversion(ElementOf(field));
  if (element.empty()) return "";
  if (field->is_map()) return absl::StrCat("{ map: ", element, " }");
  return field->is_repeated() ? absl::StrCat("[", element, "]") : element;
}

std::string TsDescriptors::ElementConversion(
    const pb::FieldDescriptor* field) const {
  switch (KindOf(field)) {
    case JsonKind::kLong:
      return "\"int64\"";
    case JsonKind::kTimestamp:
      return "\"timestamp\"";
    case JsonKind::kDuration:
      return "\"duration\"";
    case JsonKind::kWrapper:
      return ElementConversion(field->message_type()->FindFieldByNumber(1));
    case JsonKind::kMessage:
      return absl::StrCat("typeof ", names_.Of(field->message_type()));
    default:
      return "";
  }
}

}  // namespace sse_bridge
