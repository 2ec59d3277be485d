#ifndef SSE_BRIDGE_BRIDGE_WEB_PAGE_HEADERS_H_
#define SSE_BRIDGE_BRIDGE_WEB_PAGE_HEADERS_H_

#include "bridge/http/http_response.h"

namespace sse_bridge {

// What every answer that a browser may show as a page carries: it loads only
// what this bridge serves, runs no inline script, talks to no other origin, is
// framed by nobody, and is what its content type says. The one place for it.
void AddPageHeaders(HttpResponse* response);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_PAGE_HEADERS_H_
