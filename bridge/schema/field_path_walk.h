#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_WALK_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_WALK_H_

#include <cstddef>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/schema/field_path.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Returns nullptr if there is no such field. With kProtoAndJson, a JSON name
// comes before another field's name in the .proto. Ignores extensions.
const google::protobuf::FieldDescriptor* FindField(
    const google::protobuf::Descriptor& message, const std::string& name,
    FieldNames names);

// Why a path cannot be followed.
enum class FieldPathFault { kNone, kNoField, kNotASingleMessage, kTooDeep };

// How far a path can be followed.
struct FieldPathWalk {
  FieldPathFault fault = FieldPathFault::kNone;
  // The fields before the fault. The last one is what kNotASingleMessage means.
  FieldPath fields;
  // For kNoField: where the field is missing, and its name within the path.
  const google::protobuf::Descriptor* message = nullptr;
  absl::string_view name;
};

// Follows "event.cursor" from `root`, through at most `max_fields` fields. For
// callers with error messages of their own; others use ResolveFieldPath.
FieldPathWalk WalkFieldPath(
    const google::protobuf::Descriptor* root, absl::string_view path,
    FieldNames names, size_t max_fields = std::numeric_limits<size_t>::max());

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_WALK_H_
