#include "bridge/schema/field_path.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bridge/schema/field_path_walk.h"

namespace sse_bridge {

namespace pb = ::google::protobuf;

const pb::FieldDescriptor* FindField(const pb::Descriptor& message,
                                     const std::string& name,
                                     FieldNames names) {
  if (names == FieldNames::kProtoAndJson) {
    for (int i = 0; i < message.field_count(); ++i) {
      if (message.field(i)->json_name() == name) return message.field(i);
    }
  }
  return message.FindFieldByName(name);
}

FieldPathWalk WalkFieldPath(const pb::Descriptor* root, absl::string_view path,
                            FieldNames names, size_t max_fields) {
  FieldPathWalk walk;
  walk.message = root;
  for (absl::string_view name : absl::StrSplit(path, '.')) {
    if (walk.fields.size() == max_fields) {
      walk.fault = FieldPathFault::kTooDeep;
      return walk;
    }
    if (!walk.fields.empty()) {
      const pb::FieldDescriptor* parent = walk.fields.back();
      if (parent->is_repeated() || !IsMessage(parent)) {
        walk.fault = FieldPathFault::kNotASingleMessage;
        return walk;
      }
      walk.message = parent->message_type();
    }
    const pb::FieldDescriptor* field =
        FindField(*walk.message, std::string(name), names);
    if (field == nullptr) {
      walk.fault = FieldPathFault::kNoField;
      walk.name = name;
      return walk;
    }
    walk.fields.push_back(field);
  }
  return walk;
}

absl::StatusOr<FieldPath> ResolveFieldPath(const pb::Descriptor* root,
                                           absl::string_view path,
                                           FieldNames names) {
  FieldPathWalk walk = WalkFieldPath(root, path, names);
  const auto error = [&](auto... parts) {
    return absl::InvalidArgumentError(
        absl::StrCat("field path \"", path, "\": ", parts...));
  };
  if (walk.fault == FieldPathFault::kNoField) {
    return error("there is no field \"", walk.name, "\" in ",
                 walk.message->full_name());
  }
  if (walk.fault == FieldPathFault::kNotASingleMessage) {
    const pb::FieldDescriptor* field = walk.fields.back();
    return error("it leads through ", field->full_name(), ", which is a ",
                 FieldTypeText(field), " and not a single message");
  }
  return std::move(walk.fields);
}

std::string FieldPathText(const FieldPath& path) {
  return absl::StrJoin(path, ".",
                       [](std::string* out, const pb::FieldDescriptor* field) {
                         out->append(field->name());
                       });
}

std::string FieldConflict(const FieldPath& field, const FieldPath& other) {
  const size_t common = std::min(field.size(), other.size());
  for (size_t i = 0; i < common; ++i) {
    if (field[i] == other[i]) continue;
    const pb::OneofDescriptor* oneof = field[i]->real_containing_oneof();
    if (oneof != nullptr && oneof == other[i]->real_containing_oneof()) {
      return absl::StrCat("only one of ", oneof->name(), " can be set, and ",
                          FieldPathText(other), " is already bound");
    }
    return "";
  }
  if (field.size() == other.size()) return "the field is bound twice";
  return absl::StrCat("overlaps ", FieldPathText(other));
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

}  // namespace sse_bridge
