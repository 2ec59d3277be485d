#include "bridge/schema/validator_compiler.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/base/well_known_types.h"
#include "bridge/schema/field_features.h"
#include "bridge/schema/field_path.h"
#include "bridge/schema/rule_texts.h"
#include "bridge/schema/validation_cel.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
namespace bv = ::buf::validate;

// The contract uses one number for its extensions of all kinds of options.
const int kExtension = bv::kFieldFieldNumber;

void AddError(const pb::FieldDescriptor* field, absl::string_view reason,
              SchemaErrors* errors) {
  errors->Add(Where(field->file(), PathOfOption(field, kExtension)),
              field->full_name(), absl::StrCat("buf.validate: ", reason));
}

void AddError(const pb::FieldDescriptor* field, const absl::Status& status,
              SchemaErrors* errors) {
  if (!status.ok()) AddError(field, status.message(), errors);
}

void AddError(const pb::Descriptor* message, absl::string_view reason,
              SchemaErrors* errors) {
  errors->Add(Where(message->file(), PathOf(message)), message->full_name(),
              absl::StrCat("buf.validate: ", reason));
}

// The first field of `option` itself that this program does not know, such as a
// rule of a later contract. Returns "" if it knows all.
std::string UnknownFieldOf(const pb::Message& option) {
  const pb::UnknownFieldSet& unknown =
      option.GetReflection()->GetUnknownFields(option);
  return unknown.empty()
             ? ""
             : absl::StrCat("the rule field ", unknown.field(0).number(),
                            " is not enforced");
}

// A user's message may have a well-known type's name.
bool IsWellFormed(const pb::Descriptor* type, pb::FieldDescriptor::Type first,
                  pb::FieldDescriptor::Type second) {
  const pb::FieldDescriptor* one = type->FindFieldByNumber(1);
  const pb::FieldDescriptor* two = type->FindFieldByNumber(2);
  return one != nullptr && two != nullptr && one->type() == first &&
         two->type() == second && !one->is_repeated() && !two->is_repeated();
}

bool IsTime(const pb::Descriptor* type) {
  return IsWellFormed(type, pb::FieldDescriptor::TYPE_INT64,
                      pb::FieldDescriptor::TYPE_INT32);
}

// Whether rules of this kind are for a message of `type`.
bool IsForMessage(bv::FieldRules::TypeCase rules, const pb::Descriptor* type) {
  switch (rules) {
    case bv::FieldRules::kAny:
      return type->full_name() == "google.protobuf.Any" &&
             IsWellFormed(type, pb::FieldDescriptor::TYPE_STRING,
                          pb::FieldDescriptor::TYPE_BYTES);
    case bv::FieldRules::kDuration:
      return type->full_name() == "google.protobuf.Duration" && IsTime(type);
    case bv::FieldRules::kTimestamp:
      return type->full_name() == "google.protobuf.Timestamp" && IsTime(type);
    case bv::FieldRules::kFieldMask: {
      const pb::FieldDescriptor* paths = type->FindFieldByNumber(1);
      return type->full_name() == "google.protobuf.FieldMask" &&
             paths != nullptr && paths->is_repeated() && IsString(paths);
    }
    default:
      return false;
  }
}

// Whether rules of this kind are for a scalar of the field's type.
bool IsForScalar(bv::FieldRules::TypeCase rules,
                 const pb::FieldDescriptor* field) {
  using Field = pb::FieldDescriptor;
  static constexpr std::pair<bv::FieldRules::TypeCase, Field::Type> kTypes[] = {
      {bv::FieldRules::kFloat, Field::TYPE_FLOAT},
      {bv::FieldRules::kDouble, Field::TYPE_DOUBLE},
      {bv::FieldRules::kInt32, Field::TYPE_INT32},
      {bv::FieldRules::kInt64, Field::TYPE_INT64},
      {bv::FieldRules::kUint32, Field::TYPE_UINT32},
      {bv::FieldRules::kUint64, Field::TYPE_UINT64},
      {bv::FieldRules::kSint32, Field::TYPE_SINT32},
      {bv::FieldRules::kSint64, Field::TYPE_SINT64},
      {bv::FieldRules::kFixed32, Field::TYPE_FIXED32},
      {bv::FieldRules::kFixed64, Field::TYPE_FIXED64},
      {bv::FieldRules::kSfixed32, Field::TYPE_SFIXED32},
      {bv::FieldRules::kSfixed64, Field::TYPE_SFIXED64},
      {bv::FieldRules::kBool, Field::TYPE_BOOL},
      {bv::FieldRules::kString, Field::TYPE_STRING},
      {bv::FieldRules::kBytes, Field::TYPE_BYTES},
      {bv::FieldRules::kEnum, Field::TYPE_ENUM},
  };
  for (const auto& [kind, type] : kTypes) {
    if (kind == rules) return type == field->type();
  }
  return false;
}

std::string NameOf(bv::FieldRules::TypeCase rules) {
  return bv::FieldRules::descriptor()->FindFieldByNumber(rules)->name();
}

}  // namespace

std::shared_ptr<const Validator> ValidatorCompiler::Compile(
    const pb::Descriptor* type, SchemaErrors* errors) {
  const MessageChecks& root = ChecksOf(type, errors);
  if (!root.active) return nullptr;
  return std::shared_ptr<const Validator>(new Validator(rules_, &root));
}

const MessageChecks& ValidatorCompiler::ChecksOf(const pb::Descriptor* type,
                                                 SchemaErrors* errors) {
  const MessageChecks* root = RulesOf(type);
  // Uses a list instead of recursion, because types may be nested without
  // limit.
  while (!waiting_.empty()) {
    MessageChecks* next = waiting_.back();
    waiting_.pop_back();
    CompileMessage(next, errors);
  }
  return *root;
}

MessageChecks* ValidatorCompiler::RulesOf(const pb::Descriptor* type) {
  std::unique_ptr<MessageChecks>& rules = rules_->messages[type];
  if (rules == nullptr) {
    rules = std::make_unique<MessageChecks>();
    rules->type = type;
    waiting_.push_back(rules.get());
  }
  return rules.get();
}

void ValidatorCompiler::CompileMessage(MessageChecks* message,
                                       SchemaErrors* errors) {
  const pb::Descriptor* type = message->type;
  const bv::MessageRules& rules = type->options().GetExtension(bv::message);
  if (const std::string unknown = UnknownFieldOf(rules); !unknown.empty()) {
    AddError(type, unknown, errors);
  }
  const absl::Status cel =
      AddCelRules(type, rules, rules_.get(), &message->rules);
  if (!cel.ok()) AddError(type, cel.message(), errors);
  CompileOneofs(message, errors);
  if (!message->rules.empty() || !message->oneofs.empty() ||
      !message->required_oneofs.empty()) {
    Activate(message);
  }
  for (int i = 0; i < type->field_count(); ++i) {
    FieldChecks checks = CompileField(message, type->field(i), errors);
    const bool own = checks.required || !checks.whole.empty() ||
                     !checks.keys.rules.empty() || !checks.value.rules.empty();
    if (own) Activate(message);
    if (own || checks.value.message != nullptr) {
      message->fields.push_back(std::move(checks));
    }
  }
}

void ValidatorCompiler::CompileOneofs(MessageChecks* message,
                                      SchemaErrors* errors) {
  const pb::Descriptor* type = message->type;
  for (const bv::MessageOneofRule& rule :
       type->options().GetExtension(bv::message).oneof()) {
    OneofCheck check;
    check.required = rule.required();
    check.names = absl::StrJoin(rule.fields(), ", ");
    if (rule.fields().empty()) {
      AddError(type, "a `oneof` rule needs at least one field", errors);
    }
    for (const std::string& name : rule.fields()) {
      const pb::FieldDescriptor* field = type->FindFieldByName(name);
      if (field == nullptr) {
        AddError(type,
                 absl::StrCat("`oneof` names the field ", name,
                              ", which does not exist"),
                 errors);
      } else if (absl::c_linear_search(check.fields, field)) {
        AddError(type, absl::StrCat("`oneof` names the field ", name, " twice"),
                 errors);
      } else {
        check.fields.push_back(field);
      }
    }
    message->oneofs.push_back(std::move(check));
  }
  for (int i = 0; i < type->oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = type->oneof_decl(i);
    const bv::OneofRules& rules = oneof->options().GetExtension(bv::oneof);
    if (const std::string unknown = UnknownFieldOf(rules); !unknown.empty()) {
      errors->Add(Where(type->file(), PathOf(oneof)), oneof->full_name(),
                  absl::StrCat("buf.validate: ", unknown));
    }
    if (rules.required()) message->required_oneofs.push_back(oneof);
  }
}

FieldChecks ValidatorCompiler::CompileField(MessageChecks* parent,
                                            const pb::FieldDescriptor* field,
                                            SchemaErrors* errors) {
  using When = FieldChecks::When;
  const bv::FieldRules& rules = field->options().GetExtension(bv::field);
  FieldChecks out;
  out.field = field;
  const bv::Ignore ignore = IgnoreOf(field);
  if (ignore == bv::IGNORE_ALWAYS) {
    out.when = When::kNever;
    return out;
  }
  out.required = rules.required();
  if (ignore == bv::IGNORE_IF_ZERO_VALUE || HasPresence(field)) {
    out.when = When::kIfSet;
  }
  if (!field->is_repeated()) {
    out.value = CompileValue(parent, field, field, rules, "", errors);
    return out;
  }
  const bv::FieldRules::TypeCase wanted =
      field->is_map() ? bv::FieldRules::kMap : bv::FieldRules::kRepeated;
  if (rules.type_case() != wanted &&
      rules.type_case() != bv::FieldRules::TYPE_NOT_SET) {
    AddError(field,
             field->is_map() ? "only `map` rules fit a map"
                             : "only `repeated` rules fit a repeated field",
             errors);
    return out;
  }
  AddForeignRules(field, /*whole=*/true, field, rules, "", &out.whole, errors);
  if (field->is_map()) {
    const pb::Descriptor* entry = field->message_type();
    AddMapRules(rules.map(), &out.whole);
    out.keys = CompileValue(parent, entry->map_key(), field, rules.map().keys(),
                            "map.keys.", errors);
    out.value = CompileValue(parent, entry->map_value(), field,
                             rules.map().values(), "map.values.", errors);
    return out;
  }
  if (rules.repeated().unique() && IsMessage(field)) {
    AddError(field, "`unique` is only for scalars and enums", errors);
  } else {
    AddListRules(rules.repeated(), &out.whole);
  }
  out.value = CompileValue(parent, field, field, rules.repeated().items(),
                           "repeated.items.", errors);
  return out;
}

ValueChecks ValidatorCompiler::CompileValue(MessageChecks* parent,
                                            const pb::FieldDescriptor* type,
                                            const pb::FieldDescriptor* blame,
                                            const bv::FieldRules& rules,
                                            const std::string& path,
                                            SchemaErrors* errors) {
  ValueChecks out;
  out.never = rules.ignore() == bv::IGNORE_ALWAYS;
  if (out.never) return out;
  out.skip_zero = rules.ignore() == bv::IGNORE_IF_ZERO_VALUE && !path.empty();
  const pb::FieldDescriptor* scalar = type;
  if (IsMessage(type)) {
    // A user's message may have a wrapper's name.
    const pb::FieldDescriptor* wrapped =
        type->message_type()->FindFieldByNumber(1);
    if (IsWrapper(type->message_type()) && wrapped != nullptr &&
        !wrapped->is_repeated() && !IsMessage(wrapped)) {
      out.wrapped = wrapped;
      scalar = wrapped;
    } else {
      scalar = nullptr;
      MessageChecks* child = RulesOf(type->message_type());
      parents_[child].push_back(parent);
      if (child->active) Activate(parent);
      out.message = child;
    }
  }
  const bv::FieldRules::TypeCase kind = rules.type_case();
  if (kind != bv::FieldRules::TYPE_NOT_SET &&
      !(scalar != nullptr ? IsForScalar(kind, scalar)
                          : IsForMessage(kind, type->message_type()))) {
    AddError(blame,
             absl::StrCat("`", NameOf(kind), "` rules do not fit the type ",
                          IsMessage(type) ? type->message_type()->full_name()
                                          : std::string(type->type_name())),
             errors);
    return out;
  }
  AddForeignRules(type, /*whole=*/false, blame, rules, path, &out.rules,
                  errors);
  switch (kind) {
    case bv::FieldRules::kString:
      AddError(blame, AddStringRules(rules.string(), path, &out.rules), errors);
      break;
    case bv::FieldRules::kBytes:
      AddError(blame, AddBytesRules(rules.bytes(), path, &out.rules), errors);
      break;
    case bv::FieldRules::kAny:
      AddAnyRules(rules.any(), path, &out.rules);
      break;
    case bv::FieldRules::kDuration:
      AddDurationRules(rules.duration(), path, &out.rules);
      break;
    case bv::FieldRules::kTimestamp:
      AddTimestampRules(rules.timestamp(), path, &out.rules);
      break;
    case bv::FieldRules::kFieldMask:
      AddFieldMaskRules(rules.field_mask(), path, &out.rules);
      break;
    default:
      AddNumberRules(scalar, rules, path, &out.rules);
  }
  return out;
}

void ValidatorCompiler::AddForeignRules(const pb::FieldDescriptor* field,
                                        bool whole,
                                        const pb::FieldDescriptor* blame,
                                        const bv::FieldRules& rules,
                                        const std::string& path, Rules* out,
                                        SchemaErrors* errors) {
  if (const std::string unknown = UnknownFieldOf(rules); !unknown.empty()) {
    AddError(blame, unknown, errors);
  }
  if (rules.has_ignore() && !bv::Ignore_IsValid(rules.ignore())) {
    AddError(blame, "the value of `ignore` is not known", errors);
  }
  AddError(blame, AddCelRules(field, whole, rules, path, rules_.get(), out),
           errors);
  if (rules.type_case() == bv::FieldRules::TYPE_NOT_SET) return;
  const pb::Reflection* reflection = rules.GetReflection();
  const pb::FieldDescriptor* kind =
      rules.GetDescriptor()->FindFieldByNumber(rules.type_case());
  const pb::Message& own = reflection->GetMessage(rules, kind);
  if (own.GetReflection()->GetUnknownFields(own).empty()) return;
  // The schema's own definition of these rules has what is unknown here.
  const pb::Descriptor* type = blame->file()->pool()->FindMessageTypeByName(
      kind->message_type()->full_name());
  if (type == nullptr) type = kind->message_type();
  if (rules_->factory == nullptr) {
    rules_->factory =
        std::make_unique<pb::DynamicMessageFactory>(blame->file()->pool());
  }
  std::unique_ptr<pb::Message> message(
      rules_->factory->GetPrototype(type)->New());
  if (!message->ParsePartialFromString(own.SerializePartialAsString())) {
    return AddError(blame,
                    absl::StrCat("`", kind->name(), "` rules are malformed"),
                    errors);
  }
  AddError(
      blame,
      AddPredefinedRules(field, whole, *message,
                         absl::StrCat(path, kind->name()), rules_.get(), out),
      errors);
  rules_->rule_messages.push_back(std::move(message));
}

void ValidatorCompiler::Activate(MessageChecks* message) {
  if (message->active) return;
  message->active = true;
  std::vector<MessageChecks*> spread = {message};
  while (!spread.empty()) {
    const auto it = parents_.find(spread.back());
    spread.pop_back();
    if (it == parents_.end()) continue;
    for (MessageChecks* parent : it->second) {
      if (parent->active) continue;
      parent->active = true;
      spread.push_back(parent);
    }
  }
}

}  // namespace sse_bridge
