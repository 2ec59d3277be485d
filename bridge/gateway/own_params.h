#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_OWN_PARAMS_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_OWN_PARAMS_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The bridge's query parameters, for clients that cannot set headers. If the
// request has a field with the same name that the query may set, the parameter
// sets only that field (ServedRoute). The exception is the field named by
// `resume_into`, for which both have the same meaning.
inline constexpr char kTicketParam[] = "ticket";
inline constexpr char kAccessTokenParam[] = "access_token";

// Alternatives to the header Last-Event-ID. Polyfills add the second to a URL
// that may already have the first, so the second takes precedence.
inline constexpr char kLastEventIdParam[] = "last_event_id";
inline constexpr char kLastEventIdParamOfPolyfills[] = "lastEventId";

// The parameters of `/events`: PATH or NAME:PATH of a stream, and "new" for a
// connection that can be changed. In a form that changes one: its id, and the
// names of streams to remove.
inline constexpr char kStreamParam[] = "stream";
inline constexpr char kConnectionParam[] = "connection";
inline constexpr char kNewConnection[] = "new";
inline constexpr char kRemoveParam[] = "remove";

// Returns true for a parameter of `/events`, which has no fields.
inline bool IsOwnParam(absl::string_view name) {
  return name == kLastEventIdParam || name == kLastEventIdParamOfPolyfills ||
         name == kTicketParam || name == kAccessTokenParam;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_OWN_PARAMS_H_
