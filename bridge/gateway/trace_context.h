#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_TRACE_CONTEXT_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_TRACE_CONTEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The metadata that carries the trace to backends.
inline constexpr char kTraceparentMetadata[] = "traceparent";

// The `traceparent` (W3C Trace Context, 3.2) of a request's calls: a new span
// in the received trace with its flags, or in a new trace that is not sampled.
std::string NextTraceparent(absl::string_view received);

// The request's `X-Request-Id` if it is a short word of letters, digits and
// "-_.:", else the trace id.
std::string RequestId(const HttpExchange& exchange,
                      absl::string_view traceparent);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_TRACE_CONTEXT_H_
