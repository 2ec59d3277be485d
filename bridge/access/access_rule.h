#ifndef SSE_BRIDGE_BRIDGE_ACCESS_ACCESS_RULE_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_ACCESS_RULE_H_

#include "absl/status/status.h"
#include "bridge/access/identity.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// Whether `rule` can only be met by a verified identity.
bool NeedsIdentity(const sse::v1::Access& rule);

// Whether `identity` (null: nobody) meets `rule`, as proto/sse/v1/sse.proto
// has it. Unauthenticated when somebody is needed and nobody is there;
// PermissionDenied naming what is missing. A group without names can be met by
// no one.
absl::Status CheckAccess(const sse::v1::Access& rule, const Identity* identity);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_ACCESS_RULE_H_
