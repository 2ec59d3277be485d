#include "bridge/transcode/wire_path.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/schema/field_path_walk.h"

namespace sse_bridge {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

absl::StatusOr<FieldPath> ResolveWirePath(const Descriptor* type,
                                          absl::string_view path) {
  FieldPathWalk walk = WalkFieldPath(type, path, FieldNames::kProto);
  if (walk.fault == FieldPathFault::kNoField) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", path, "\": ", walk.message->full_name(),
                     " has no field \"", walk.name, "\""));
  }
  const bool whole = walk.fault == FieldPathFault::kNone;
  for (size_t i = 0; i < walk.fields.size(); ++i) {
    const FieldDescriptor* const field = walk.fields[i];
    const bool last = i + 1 == walk.fields.size();
    if (last ? whole
             : field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                   !field->is_repeated()) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", path, "\": ", field->full_name(), " is not a singular message"));
  }
  return std::move(walk.fields);
}

}  // namespace sse_bridge
