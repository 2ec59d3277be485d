#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_RAW_BODIES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_RAW_BODIES_H_

#include "bridge/schema/method.h"

namespace sse_bridge {

// Returns whether the request's body is any bytes: the route's `body` is a
// google.api.HttpBody, or the whole request is one.
bool IsRawBody(const Route& route);

// Returns whether the response's body is any bytes: the method returns a
// google.api.HttpBody, and the route selects no field of it by
// `response_body`.
bool IsRawResponse(const Route& route);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_RAW_BODIES_H_
