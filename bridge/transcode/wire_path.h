#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_PATH_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_PATH_H_

#include <google/protobuf/descriptor.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/field_path.h"

namespace sse_bridge {

// As ResolveFieldPath, for readers of wire bytes. The result is never empty.
absl::StatusOr<FieldPath> ResolveWirePath(
    const google::protobuf::Descriptor* type, absl::string_view path);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_WIRE_PATH_H_
