#ifndef SSE_BRIDGE_BRIDGE_ACCESS_ACCESS_RULE_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_ACCESS_RULE_H_

#include "absl/status/status.h"
#include "bridge/access/identity.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// Returns whether only a verified identity can meet `rule`.
bool NeedsIdentity(const sse::v1::Access& rule);

// Checks whether `identity` (null: anonymous) meets `rule`, as specified in
// proto/sse/v1/sse.proto. Returns kUnauthenticated if an identity is required
// and absent, and kPermissionDenied, naming what is missing, if it does not
// meet the rule. Nobody can meet a group without names.
absl::Status CheckAccess(const sse::v1::Access& rule, const Identity* identity);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_ACCESS_RULE_H_
