#include "bridge/codegen/shapes.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "bridge/codegen/json_form.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/validator_compiler.h"
#include "google/protobuf/dynamic_message.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

constexpr int kProtoNames = 1;
constexpr int kAlwaysPrinted = 2;
constexpr int kEnumNumbers = 4;

}  // namespace

int JsonBits(const sse::v1::Json& json) {
  return (json.preserve_proto_field_names() ? kProtoNames : 0) |
         (json.always_print_fields_with_no_presence() ? kAlwaysPrinted : 0) |
         (json.always_print_enums_as_ints() ? kEnumNumbers : 0);
}

sse::v1::Json JsonFromBits(int bits) {
  sse::v1::Json json;
  json.set_preserve_proto_field_names((bits & kProtoNames) != 0);
  json.set_always_print_fields_with_no_presence((bits & kAlwaysPrinted) != 0);
  json.set_always_print_enums_as_ints((bits & kEnumNumbers) != 0);
  return json;
}

Shapes::Shapes(const Schema& schema) {
  for (const Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    const int json = JsonBits(method->json);
    for (const Route* route : method->routes) {
      if (route->response_body_field == nullptr) {
        Add({method->descriptor->output_type(), false, json});
      } else {
        AddField(route->response_body_field, false, json);
        Follow();
      }
    }
    Add({method->descriptor->input_type(), true, json});
  }

  // A field is required if an empty request is rejected because of it.
  ValidatorCompiler compiler;
  pb::DynamicMessageFactory messages;
  for (const Shape& shape : all_) {
    if (!shape.input) continue;
    SchemaErrors errors;
    const std::shared_ptr<const Validator> validator =
        compiler.Compile(shape.type, &errors);
    if (validator == nullptr || !errors.empty()) continue;
    std::unique_ptr<pb::Message> empty(
        messages.GetPrototype(shape.type)->New());
    const auto violations = validator->Validate(*empty);
    if (!violations.ok()) continue;
    for (const RuleViolation& violation : *violations) {
      const auto* field = shape.type->FindFieldByName(violation.field);
      if (field != nullptr) {
        required_.insert(field);
      } else {
        reject_empty_.insert(shape.type);
      }
    }
  }
}

void Shapes::Add(Shape shape) {
  if (KindOf(shape.type) == JsonKind::kMessage && known_.insert(shape).second) {
    all_.push_back(shape);
  }
  Follow();
}

// Uses a list instead of recursion, because types may be nested without limit.
void Shapes::Follow() {
  while (followed_ < all_.size()) {
    const Shape shape = all_[followed_++];
    for (const pb::FieldDescriptor* field : FieldsOf(shape.type)) {
      AddField(field, shape.input, shape.json);
    }
  }
}

void Shapes::AddField(const pb::FieldDescriptor* field, bool input, int json) {
  const buf::validate::FieldRules rules = ElementRulesOf(field);
  if (field->is_map()) field = field->message_type()->map_value();
  if (KindOf(field) == JsonKind::kEnum &&
      known_enums_.insert(field->enum_type()).second) {
    enums_.push_back(field->enum_type());
  }
  std::vector<const pb::Descriptor*> types;
  if (field->message_type() != nullptr) types = {field->message_type()};
  if (KindOf(field) == JsonKind::kAny) {
    for (const AnyCandidate& each : CandidatesOf(field, rules)) {
      types.push_back(each.type);
    }
  }
  for (const pb::Descriptor* type : types) {
    const Shape shape = {type, input, json};
    if (KindOf(type) == JsonKind::kMessage && known_.insert(shape).second) {
      all_.push_back(shape);
    }
  }
}

std::map<Shape, std::string> Shapes::Name(
    const std::function<std::string(const pb::Descriptor*)>& base,
    const std::string& input_suffix) const {
  std::set<const pb::Descriptor*> printed;
  for (const Shape& shape : all_) {
    if (!shape.input) printed.insert(shape.type);
  }
  std::map<Shape, std::string> names;
  std::set<std::string> taken;
  for (const Shape& shape : all_) {
    std::string name = base(shape.type);
    if (shape.input && printed.contains(shape.type)) name += input_suffix;
    std::string free = name;
    for (int n = 2; !taken.insert(free).second; ++n) {
      free = absl::StrCat(name, "_", n);
    }
    names.emplace(shape, std::move(free));
  }
  return names;
}

}  // namespace sse_bridge
