#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_BUILTIN_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_BUILTIN_H_

#include "bridge/schema/descriptor_merge.h"

namespace sse_bridge {

// The descriptor set linked into this program; served if no other schema is
// configured.
SchemaSource BuiltinSource();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_BUILTIN_H_
