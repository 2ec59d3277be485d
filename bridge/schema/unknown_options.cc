#include "bridge/schema/unknown_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Fields of later contracts that are only documentation, such as `example` of
// buf.validate's rules. Ignoring them is safe.
bool IsOnlyDocumentation(const pb::FieldDescriptor* field) {
  return field->name() == "example";
}

void Collect(const pb::Message& option, const pb::Descriptor* declared,
             const std::string& prefix, std::vector<std::string>* out) {
  const pb::Reflection* reflection = option.GetReflection();
  const pb::UnknownFieldSet& unknown = reflection->GetUnknownFields(option);
  for (int i = 0; i < unknown.field_count(); ++i) {
    const int number = unknown.field(i).number();
    const pb::FieldDescriptor* field =
        declared == nullptr ? nullptr : declared->FindFieldByNumber(number);
    if (field != nullptr && IsOnlyDocumentation(field)) continue;
    std::string text = field == nullptr ? absl::StrCat(prefix, "field ", number)
                                        : absl::StrCat(prefix, field->name(),
                                                       " (field ", number, ")");
    // The set has a repeated field once per element.
    if (out->empty() || out->back() != text) out->push_back(std::move(text));
  }
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(option, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const pb::FieldDescriptor* named =
        declared == nullptr ? nullptr
                            : declared->FindFieldByNumber(field->number());
    const pb::Descriptor* type =
        named == nullptr ? nullptr : named->message_type();
    const std::string inner = absl::StrCat(prefix, field->name(), ".");
    if (!field->is_repeated()) {
      Collect(reflection->GetMessage(option, field), type, inner, out);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(option, field); ++i) {
      Collect(reflection->GetRepeatedMessage(option, field, i), type, inner,
              out);
    }
  }
}

}  // namespace

std::vector<std::string> UnknownOptionFields(const pb::Message& option,
                                             const pb::Descriptor* declared) {
  std::vector<std::string> out;
  Collect(option, declared, "", &out);
  return out;
}

const pb::Descriptor* DeclaredOptionType(const pb::DescriptorPool& pool,
                                         const std::string& extendee,
                                         int number) {
  const pb::Descriptor* options = pool.FindMessageTypeByName(extendee);
  if (options == nullptr) return nullptr;
  const pb::FieldDescriptor* extension =
      pool.FindExtensionByNumber(options, number);
  return extension == nullptr ? nullptr : extension->message_type();
}

}  // namespace sse_bridge
