#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_CHECKS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_CHECKS_H_

#include "bridge/schema/method.h"
#include "bridge/schema/schema_errors.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Reads the service's `json` and `default_access`, and the method's `stream`
// and `access`, into `method` (whose descriptor is set), and resolves their
// field paths. Appends to `errors` if an option is invalid, contradicts another
// or has no effect.
//
// `exposed`: the method is reachable over HTTP. If not, the service's default
// access is ignored.
void ReadOptions(Method* method, bool exposed, SchemaErrors* errors);

// Checks options that do not depend on a method. Call once per service.
void CheckServiceOptions(const google::protobuf::ServiceDescriptor* service,
                         SchemaErrors* errors);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_CHECKS_H_
