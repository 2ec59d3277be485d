#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_METADATA_NAME_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_METADATA_NAME_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Whether gRPC over HTTP/2 has names of metadata like this one: lower-case
// letters, digits, '_', '-' and '.'.
bool IsMetadataName(absl::string_view name);

// Whether HTTP/2 or gRPC sets it itself, or forbids it (RFC 9113, 8.2.2; gRPC
// over HTTP/2, "Requests"). `name` is in lower case.
bool IsReservedMetadata(absl::string_view name);

// Whether values of this name are any bytes, as base64 in headers.
bool IsBinaryMetadata(absl::string_view name);

// Whether all others may have this value: printable ASCII.
bool IsMetadataText(absl::string_view value);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_METADATA_NAME_H_
