#ifndef SSE_BRIDGE_BRIDGE_HTTP_REQUEST_ORIGIN_H_
#define SSE_BRIDGE_BRIDGE_HTTP_REQUEST_ORIGIN_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/http/http_response.h"

namespace sse_bridge {

// Returns the headers that every answer to a page of this origin has. The
// origin is empty if it is not known. Must be thread-safe.
using HeadersForOrigin = std::function<HttpHeaders(absl::string_view origin)>;

// Returns the value of the Origin header, or an empty string if it does not
// occur exactly once.
absl::string_view OriginOf(const HttpHeaders& request);

// The same for the bytes of a request received so far, even if they are not a
// well-formed request. Only for telling the browser why it is refused.
absl::string_view OriginIn(absl::string_view bytes);

// Whether the request head ends within these bytes, parsed as loosely.
bool HasWholeHead(absl::string_view bytes);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_REQUEST_ORIGIN_H_
