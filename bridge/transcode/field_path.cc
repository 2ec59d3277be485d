#include "bridge/transcode/field_path.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sse_bridge {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

absl::StatusOr<std::vector<const FieldDescriptor*>> ResolveFieldPath(
    const Descriptor* type, absl::string_view path) {
  std::vector<const FieldDescriptor*> fields;
  for (const absl::string_view part : absl::StrSplit(path, '.')) {
    if (!fields.empty()) {
      const FieldDescriptor* const parent = fields.back();
      if (parent->is_repeated() ||
          parent->type() != FieldDescriptor::TYPE_MESSAGE) {
        return absl::InvalidArgumentError(
            absl::StrCat("\"", path, "\": ", parent->full_name(),
                         " is not a singular message"));
      }
      type = parent->message_type();
    }
    const FieldDescriptor* const field =
        type->FindFieldByName(std::string(part.data(), part.size()));
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", path, "\": ", type->full_name(),
                       " has no field \"", part, "\""));
    }
    fields.push_back(field);
  }
  return fields;
}

}  // namespace sse_bridge
