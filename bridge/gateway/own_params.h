#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_OWN_PARAMS_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_OWN_PARAMS_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Query parameters that are the bridge's own, for clients that cannot set
// headers. Where the request has a field of that name, which the query may set,
// the parameter is the field and nothing else (ServedRoute); only the field
// that `resume_into` names is set by either.
inline constexpr char kTicketParam[] = "ticket";
inline constexpr char kAccessTokenParam[] = "access_token";

// What stands for the header Last-Event-ID. Polyfills add the second to a URL
// that may have the first already, so the second counts.
inline constexpr char kLastEventIdParam[] = "last_event_id";
inline constexpr char kLastEventIdParamOfPolyfills[] = "lastEventId";

// Of `/events`, which has no fields.
inline bool IsOwnParam(absl::string_view name) {
  return name == kLastEventIdParam || name == kLastEventIdParamOfPolyfills ||
         name == kTicketParam || name == kAccessTokenParam;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_OWN_PARAMS_H_
