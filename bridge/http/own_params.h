#ifndef SSE_BRIDGE_BRIDGE_HTTP_OWN_PARAMS_H_
#define SSE_BRIDGE_BRIDGE_HTTP_OWN_PARAMS_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Query parameters that are the bridge's own, for clients that cannot set
// headers. A request that has a field named like a credential keeps its name:
// there the parameter is the field, and no credential.
inline constexpr char kLastEventIdParam[] = "last_event_id";
inline constexpr char kTicketParam[] = "ticket";
inline constexpr char kAccessTokenParam[] = "access_token";

inline bool IsOwnParam(absl::string_view name) {
  return name == kLastEventIdParam || name == kTicketParam ||
         name == kAccessTokenParam;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_OWN_PARAMS_H_
