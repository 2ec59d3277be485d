#include "bridge/schema/foreign_rules.h"

#include <algorithm>
#include <initializer_list>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Registered for protoc-gen-validate (protobuf's docs/options.md). 1071 is used
// for the extensions of all kinds of options.
constexpr int kRules = 1071;
constexpr int kIgnored = 1072;

constexpr absl::string_view kPackage = "validate.";

bool IsSet(const pb::Message& options, int number) {
  const pb::Reflection* reflection = options.GetReflection();
  const pb::UnknownFieldSet& unknown = reflection->GetUnknownFields(options);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() == number) return true;
  }
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(options, &fields);
  return std::any_of(fields.begin(), fields.end(),
                     [number](const pb::FieldDescriptor* field) {
                       return field->number() == number;
                     });
}

// The name of the extension if it is set and, as far as the schema says, is one
// of protoc-gen-validate. A schema may use the number for its own extension.
std::string ForeignRule(const pb::Message& options, int number,
                        const pb::DescriptorPool* pool) {
  if (!IsSet(options, number)) return "";
  const pb::Descriptor* type =
      pool->FindMessageTypeByName(options.GetDescriptor()->full_name());
  const pb::FieldDescriptor* extension =
      type == nullptr ? nullptr : pool->FindExtensionByNumber(type, number);
  if (extension == nullptr) {
    return absl::StrCat(kPackage, "* (option ", number, ")");
  }
  return absl::StartsWith(extension->full_name(), kPackage)
             ? extension->full_name()
             : "";
}

// Most elements have no options, and share the default instance.
template <typename Options>
bool IsDefault(const Options& options) {
  return &options == &Options::default_instance();
}

}  // namespace

bool HasForeignRules(const pb::Descriptor* message, SchemaErrors* errors) {
  bool any = false;
  const auto check = [&](const auto* element, SourcePath path,
                         std::initializer_list<int> numbers) {
    if (IsDefault(element->options())) return;
    for (const int number : numbers) {
      const std::string rule =
          ForeignRule(element->options(), number, message->file()->pool());
      if (rule.empty()) continue;
      any = true;
      if (errors == nullptr) continue;
      errors->Add(Where(message->file(), path), element->full_name(),
                  absl::StrCat(rule,
                               ": rules of protoc-gen-validate are not "
                               "enforced; use buf.validate"));
    }
  };
  check(message, PathOf(message), {kRules, kIgnored});
  for (int i = 0; i < message->oneof_decl_count(); ++i) {
    check(message->oneof_decl(i), PathOf(message->oneof_decl(i)), {kRules});
  }
  for (int i = 0; i < message->field_count(); ++i) {
    const pb::FieldDescriptor* field = message->field(i);
    check(field, PathOfOption(field, kRules), {kRules});
  }
  return any;
}

bool HasValidationRules(const pb::Descriptor* message) {
  // The contract uses one number for its extensions of all kinds of options.
  const auto has = [](const auto& options) {
    return !IsDefault(options) &&
           IsSet(options, buf::validate::kFieldFieldNumber);
  };
  if (has(message->options())) return true;
  for (int i = 0; i < message->oneof_decl_count(); ++i) {
    if (has(message->oneof_decl(i)->options())) return true;
  }
  for (int i = 0; i < message->field_count(); ++i) {
    if (has(message->field(i)->options())) return true;
  }
  return false;
}

}  // namespace sse_bridge
