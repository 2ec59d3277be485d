#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_PATH_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_PATH_H_

#include <google/protobuf/descriptor.h>

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Resolves a dotted path of proto field names ("a.b.c"). Every field but the
// last must be a singular message. Returns the fields along the path, at least
// one; InvalidArgument, naming the invalid part, if the path does not exist.
absl::StatusOr<std::vector<const google::protobuf::FieldDescriptor*>>
ResolveFieldPath(const google::protobuf::Descriptor* type,
                 absl::string_view path);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_PATH_H_
