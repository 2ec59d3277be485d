#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_METADATA_NAME_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_METADATA_NAME_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Returns whether gRPC over HTTP/2 allows this metadata name: lower-case
// letters, digits, '_', '-' and '.'.
bool IsMetadataName(absl::string_view name);

// Returns whether HTTP/2 or gRPC sets or forbids this name (RFC 9113, 8.2.2;
// gRPC over HTTP/2, "Requests"). `name` must be lower case.
bool IsReservedMetadata(absl::string_view name);

// Returns whether values of this name are arbitrary bytes, sent as base64.
bool IsBinaryMetadata(absl::string_view name);

// Returns whether a non-binary value is valid: printable ASCII.
bool IsMetadataText(absl::string_view value);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_METADATA_NAME_H_
