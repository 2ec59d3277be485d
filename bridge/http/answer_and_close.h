#ifndef SSE_BRIDGE_BRIDGE_HTTP_ANSWER_AND_CLOSE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_ANSWER_AND_CLOSE_H_

#include "bridge/http/http_response.h"
#include "bridge/http/request_origin.h"

namespace sse_bridge {

// Sends as much of a short answer as the socket accepts without blocking, and
// closes the connection. `headers` (may be null) is called with the request's
// origin, or with an empty one if the Origin header has not arrived.
void AnswerAndClose(int fd, HttpResponse answer,
                    const HeadersForOrigin& headers);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_ANSWER_AND_CLOSE_H_
