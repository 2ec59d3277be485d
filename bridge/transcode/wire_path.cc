#include "bridge/transcode/wire_path.h"

#include "absl/strings/str_cat.h"

namespace sse_bridge {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

absl::StatusOr<FieldPath> ResolveWirePath(const Descriptor* type,
                                          absl::string_view path) {
  absl::StatusOr<FieldPath> fields = ResolveFieldPath(type, path);
  if (!fields.ok()) return fields;
  for (size_t i = 0; i + 1 < fields->size(); ++i) {
    const FieldDescriptor* const field = (*fields)[i];
    if (field->type() == FieldDescriptor::TYPE_GROUP) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", path, "\": ", field->full_name(),
                       " is a group and not a single message"));
    }
  }
  return fields;
}

}  // namespace sse_bridge
