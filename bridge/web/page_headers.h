#ifndef SSE_BRIDGE_BRIDGE_WEB_PAGE_HEADERS_H_
#define SSE_BRIDGE_BRIDGE_WEB_PAGE_HEADERS_H_

#include "bridge/http/http_response.h"

namespace sse_bridge {

// Adds the security headers of every response that a browser may show as a
// page: no inline scripts, no resources from or connections to other origins,
// no framing, no content sniffing.
void AddPageHeaders(HttpResponse* response);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_PAGE_HEADERS_H_
