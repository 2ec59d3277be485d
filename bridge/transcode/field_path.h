#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_PATH_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_PATH_H_

#include <google/protobuf/descriptor.h>

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// The fields along a path of proto names with dots ("a.b.c"), each but the
// last a singular message. INVALID_ARGUMENT, naming the part that is wrong, if
// there is no such path. The result is never empty.
absl::StatusOr<std::vector<const google::protobuf::FieldDescriptor*>>
ResolveFieldPath(const google::protobuf::Descriptor* type,
                 absl::string_view path);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FIELD_PATH_H_
