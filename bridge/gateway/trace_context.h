#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_TRACE_CONTEXT_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_TRACE_CONTEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// Metadata under which backends find the trace.
inline constexpr char kTraceparentMetadata[] = "traceparent";

// The `traceparent` (W3C Trace Context, 3.2) of the calls that a request makes:
// the trace and the flags that the request came with, or a new trace that is
// not sampled, with a span of our own.
std::string NextTraceparent(absl::string_view received);

// The request's `X-Request-Id` where it is a short word of letters, digits and
// "-_.:", else the id of the trace.
std::string RequestId(const HttpExchange& exchange,
                      absl::string_view traceparent);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_TRACE_CONTEXT_H_
