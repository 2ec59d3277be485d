#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SECRET_FIELDS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SECRET_FIELDS_H_

#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Whether the message, or one inside it, has a field with the standard option
// `debug_redact`, which marks what must not be seen (descriptor.proto).
bool MayContainSecrets(const google::protobuf::Descriptor* message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SECRET_FIELDS_H_
