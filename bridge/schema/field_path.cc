#include "bridge/schema/field_path.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

const pb::FieldDescriptor* FindField(const pb::Descriptor* message,
                                     const std::string& name,
                                     FieldNames names) {
  const pb::FieldDescriptor* field = message->FindFieldByName(name);
  if (field != nullptr || names == FieldNames::kProto) return field;
  for (int i = 0; i < message->field_count(); ++i) {
    if (message->field(i)->json_name() == name) return message->field(i);
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<FieldPath> ResolveFieldPath(const pb::Descriptor* root,
                                           absl::string_view path,
                                           FieldNames names) {
  const auto error = [&](auto... parts) {
    return absl::InvalidArgumentError(
        absl::StrCat("field path \"", path, "\": ", parts...));
  };
  FieldPath out;
  const pb::Descriptor* message = root;
  absl::string_view rest = path;
  while (true) {
    const size_t dot = rest.find('.');
    const std::string name(rest.substr(0, dot));
    const pb::FieldDescriptor* field = FindField(message, name, names);
    if (field == nullptr) {
      return error("there is no field \"", name, "\" in ",
                   message->full_name());
    }
    out.push_back(field);
    if (dot == absl::string_view::npos) return out;
    if (field->is_repeated() || !IsMessage(field)) {
      return error("it leads through ", field->full_name(), ", which is a ",
                   FieldTypeText(field), " and not a single message");
    }
    message = field->message_type();
    rest.remove_prefix(dot + 1);
  }
}

std::string FieldTypeText(const pb::FieldDescriptor* field) {
  if (field->is_map()) return "map";
  std::string type(field->type_name());
  if (IsMessage(field)) {
    type = absl::StrCat("message ", field->message_type()->full_name());
  } else if (field->enum_type() != nullptr) {
    type = absl::StrCat("enum ", field->enum_type()->full_name());
  }
  return field->is_repeated() ? absl::StrCat("repeated ", type) : type;
}

bool IsMessage(const pb::FieldDescriptor* field) {
  return field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
}

bool IsInteger(const pb::FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
    case pb::FieldDescriptor::CPPTYPE_INT64:
    case pb::FieldDescriptor::CPPTYPE_UINT32:
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return true;
    default:
      return false;
  }
}

bool IsString(const pb::FieldDescriptor* field) {
  return field->type() == pb::FieldDescriptor::TYPE_STRING;
}

bool IsWrapper(const pb::Descriptor* message) {
  switch (message->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE:
      return true;
    default:
      return false;
  }
}

}  // namespace sse_bridge
