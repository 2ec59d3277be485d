#include "bridge/schema/validator_compiler.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/field_path.h"
#include "bridge/schema/unknown_options.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldConstraints;

// The contract uses one number for its extensions of all kinds of options.
const int kExtension = buf::validate::kFieldFieldNumber;

void AddError(const pb::FieldDescriptor* field, absl::string_view reason,
              SchemaErrors* errors) {
  errors->Add(Where(field->file(), PathOfOption(field, kExtension)),
              field->full_name(), absl::StrCat("buf.validate: ", reason));
}

// Constraints of whole messages and oneofs are not in our copy of the contract,
// so they are unknown fields. A schema may use the number for an extension of
// its own.
bool HasUnknownConstraints(const pb::Message& options,
                           const pb::DescriptorPool* pool) {
  const pb::UnknownFieldSet& unknown =
      options.GetReflection()->GetUnknownFields(options);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() != kExtension) continue;
    const pb::Descriptor* type =
        pool->FindMessageTypeByName(options.GetDescriptor()->full_name());
    const pb::FieldDescriptor* extension =
        type == nullptr ? nullptr
                        : pool->FindExtensionByNumber(type, kExtension);
    return extension == nullptr ||
           absl::StartsWith(extension->full_name(), "buf.validate.");
  }
  return false;
}

// A user's message may have the same name; this one has a type URL.
bool IsAny(const pb::Descriptor* type) {
  const pb::FieldDescriptor* url = type->FindFieldByNumber(1);
  return type->well_known_type() == pb::Descriptor::WELLKNOWNTYPE_ANY &&
         url != nullptr && !url->is_repeated() && IsString(url);
}

// Rules that are only valid at the top level, found in constraints of elements.
void CheckNested(const pb::FieldDescriptor* field, absl::string_view name,
                 const FieldConstraints& constraints, SchemaErrors* errors) {
  if (constraints.cel_size() > 0) {
    AddError(field, absl::StrCat(name, ".cel rules are not enforced"), errors);
  }
  if (constraints.required()) {
    AddError(field, absl::StrCat(name, ".required is not enforced"), errors);
  }
}

}  // namespace

std::shared_ptr<const Validator> ValidatorCompiler::Compile(
    const pb::Descriptor* type, SchemaErrors* errors) {
  MessageRules* root = RulesOf(type);
  // Uses a list instead of recursion, because types may be nested without
  // limit.
  while (!waiting_.empty()) {
    MessageRules* next = waiting_.back();
    waiting_.pop_back();
    CompileMessage(next, errors);
  }
  if (!root->active) return nullptr;
  return std::shared_ptr<const Validator>(new Validator(rules_, root));
}

MessageRules* ValidatorCompiler::RulesOf(const pb::Descriptor* type) {
  std::unique_ptr<MessageRules>& rules = rules_->messages[type];
  if (rules == nullptr) {
    rules = std::make_unique<MessageRules>();
    rules->type = type;
    waiting_.push_back(rules.get());
  }
  return rules.get();
}

void ValidatorCompiler::CompileMessage(MessageRules* message,
                                       SchemaErrors* errors) {
  const pb::Descriptor* type = message->type;
  if (HasUnknownConstraints(type->options(), type->file()->pool())) {
    errors->Add(Where(type->file(), PathOf(type)), type->full_name(),
                "buf.validate: rules of a whole message are not enforced");
  }
  for (int i = 0; i < type->oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = type->oneof_decl(i);
    if (HasUnknownConstraints(oneof->options(), type->file()->pool())) {
      errors->Add(Where(type->file(), PathOf(oneof)), oneof->full_name(),
                  "buf.validate: rules of a oneof are not enforced");
    }
  }
  for (int i = 0; i < type->field_count(); ++i) {
    FieldRules rules = CompileField(message, type->field(i), errors);
    const bool own = rules.required || rules.min_size.has_value() ||
                     rules.max_size.has_value() || rules.unique ||
                     rules.keys.scalar != nullptr ||
                     rules.value.scalar != nullptr;
    if (own) Activate(message);
    if (own || rules.value.message != nullptr) {
      message->fields.push_back(std::move(rules));
    }
  }
}

FieldRules ValidatorCompiler::CompileField(MessageRules* parent,
                                           const pb::FieldDescriptor* field,
                                           SchemaErrors* errors) {
  const FieldConstraints& constraints =
      field->options().GetExtension(buf::validate::field);
  const pb::Descriptor* declared = DeclaredOptionType(
      *field->file()->pool(), "google.protobuf.FieldOptions", kExtension);
  for (const std::string& name : UnknownOptionFields(constraints, declared)) {
    AddError(field, absl::StrCat("the rule ", name, " is not enforced"),
             errors);
  }
  if (constraints.cel_size() > 0) {
    AddError(field, "cel rules are not enforced", errors);
  }

  FieldRules out;
  out.field = field;
  out.required = constraints.required();
  if (field->is_map()) {
    const auto& rules = constraints.map();
    if (constraints.type_case() != FieldConstraints::kMap &&
        constraints.type_case() != FieldConstraints::TYPE_NOT_SET) {
      AddError(field, "only `map` rules fit a map", errors);
    }
    if (rules.has_min_pairs()) out.min_size = rules.min_pairs();
    if (rules.has_max_pairs()) out.max_size = rules.max_pairs();
    CheckNested(field, "keys", rules.keys(), errors);
    CheckNested(field, "values", rules.values(), errors);
    const pb::Descriptor* entry = field->message_type();
    out.keys =
        CompileValue(parent, entry->map_key(), field, rules.keys(), errors);
    out.value =
        CompileValue(parent, entry->map_value(), field, rules.values(), errors);
  } else if (field->is_repeated()) {
    const auto& rules = constraints.repeated();
    if (constraints.type_case() != FieldConstraints::kRepeated &&
        constraints.type_case() != FieldConstraints::TYPE_NOT_SET) {
      AddError(field, "only `repeated` rules fit a repeated field", errors);
    }
    if (rules.has_min_items()) out.min_size = rules.min_items();
    if (rules.has_max_items()) out.max_size = rules.max_items();
    out.unique = rules.unique();
    if (out.unique && IsMessage(field)) {
      AddError(field, "`unique` is only for scalars and enums", errors);
    }
    CheckNested(field, "items", rules.items(), errors);
    out.value = CompileValue(parent, field, field, rules.items(), errors);
  } else {
    out.value = CompileValue(parent, field, field, constraints, errors);
  }
  return out;
}

ValueRules ValidatorCompiler::CompileValue(MessageRules* parent,
                                           const pb::FieldDescriptor* type,
                                           const pb::FieldDescriptor* blame,
                                           const FieldConstraints& constraints,
                                           SchemaErrors* errors) {
  ValueRules out;
  const pb::FieldDescriptor* scalar = type;
  if (IsMessage(type)) {
    if (constraints.has_any() && IsAny(type->message_type())) {
      out.wrapped = type->message_type()->FindFieldByNumber(1);
      out.scalar = CompileAnyRules(constraints);
      return out;
    }
    if (IsWrapper(type->message_type())) {
      // A user's message may have a wrapper's name.
      out.wrapped = type->message_type()->FindFieldByNumber(1);
      if (out.wrapped != nullptr && !out.wrapped->is_repeated()) {
        scalar = out.wrapped;
      }
    } else {
      MessageRules* child = RulesOf(type->message_type());
      parents_[child].push_back(parent);
      if (child->active) Activate(parent);
      out.message = child;
    }
  }
  absl::StatusOr<std::unique_ptr<const ScalarRules>> rules =
      CompileScalarRules(scalar, constraints);
  if (rules.ok()) {
    out.scalar = *std::move(rules);
  } else {
    AddError(blame, rules.status().message(), errors);
  }
  return out;
}

void ValidatorCompiler::Activate(MessageRules* message) {
  if (message->active) return;
  message->active = true;
  std::vector<MessageRules*> spread = {message};
  while (!spread.empty()) {
    const auto it = parents_.find(spread.back());
    spread.pop_back();
    if (it == parents_.end()) continue;
    for (MessageRules* parent : it->second) {
      if (parent->active) continue;
      parent->active = true;
      spread.push_back(parent);
    }
  }
}

}  // namespace sse_bridge
