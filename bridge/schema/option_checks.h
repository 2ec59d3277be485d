#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_CHECKS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_CHECKS_H_

#include "bridge/schema/method.h"
#include "bridge/schema/schema_errors.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Reads the service's `json` and `default_access`, and the method's `stream`
// and `access`, into `method` (whose descriptor is set), and resolves their
// field paths. An option that is wrong, contradicts another or would have no
// effect is added to `errors`.
//
// `exposed`: HTTP reaches the method. Where it does not, the service's
// default access does not matter.
void ReadOptions(Method* method, bool exposed, SchemaErrors* errors);

// Whether `access` says who may call.
bool NamesAnybody(const sse::v1::Access& access);

// What does not depend on a method: said once for each service.
void CheckServiceOptions(const google::protobuf::ServiceDescriptor* service,
                         SchemaErrors* errors);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_CHECKS_H_
