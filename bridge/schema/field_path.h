#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// The fields from a message to one of its (nested) fields. All except the last
// are singular messages. Empty if there is no field.
using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

// Which names a path may use.
enum class FieldNames { kProto, kProtoAndJson };

// Resolves "event.cursor" from `root`. Returns kInvalidArgument saying which
// part of the path is wrong, and why.
absl::StatusOr<FieldPath> ResolveFieldPath(
    const google::protobuf::Descriptor* root, absl::string_view path,
    FieldNames names = FieldNames::kProto);

// Returns the path in proto names: "event.cursor".
std::string FieldPathText(const FieldPath& path);

// Returns why two fields of a message cannot both be set: they are the same
// field, one is inside the other, or they are members of one oneof. Empty if
// they can.
std::string FieldConflict(const FieldPath& field, const FieldPath& other);

// Describes a field's type for messages: "repeated string", "message a.B",
// "map".
std::string FieldTypeText(const google::protobuf::FieldDescriptor* field);

bool IsMessage(const google::protobuf::FieldDescriptor* field);
bool IsInteger(const google::protobuf::FieldDescriptor* field);
bool IsString(const google::protobuf::FieldDescriptor* field);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_H_
