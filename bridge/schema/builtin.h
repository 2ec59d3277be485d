#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_BUILTIN_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_BUILTIN_H_

#include "bridge/schema/descriptor_merge.h"

namespace sse_bridge {

// The descriptor set that was linked into this program: what is served when
// no other schema is named.
SchemaSource BuiltinSource();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_BUILTIN_H_
