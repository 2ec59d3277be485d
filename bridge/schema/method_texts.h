#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_TEXTS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_TEXTS_H_

#include "google/protobuf/descriptor.h"

namespace sse_bridge {

struct MethodTexts;

// Reads what documents say of a method: its option openapi.v3.operation
// (gnostic's openapiv3/annotations.proto), and for what that does not set, its
// name and the comment above it.
MethodTexts TextsOf(const google::protobuf::MethodDescriptor* method);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_METHOD_TEXTS_H_
