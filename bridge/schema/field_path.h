#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_H_

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

// Describes a field's type for messages: "repeated string", "message a.B",
// "map".
std::string FieldTypeText(const google::protobuf::FieldDescriptor* field);

bool IsMessage(const google::protobuf::FieldDescriptor* field);
bool IsInteger(const google::protobuf::FieldDescriptor* field);
bool IsString(const google::protobuf::FieldDescriptor* field);

// Returns whether this is a wrapper such as google.protobuf.Int64Value, whose
// only field is `value`.
bool IsWrapper(const google::protobuf::Descriptor* message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_FIELD_PATH_H_
