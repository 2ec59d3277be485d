#ifndef SSE_BRIDGE_BRIDGE_HTTP_REQUEST_ORIGIN_H_
#define SSE_BRIDGE_BRIDGE_HTTP_REQUEST_ORIGIN_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/http/http_response.h"

namespace sse_bridge {

// Headers that every answer to a page of this origin has, whatever the answer
// is; the origin is empty when it is not known. Thread-safe.
using HeadersForOrigin = std::function<HttpHeaders(absl::string_view origin)>;

// The value of the header Origin, which must come once; else empty.
absl::string_view OriginOf(const HttpHeaders& request);

// The same for the bytes of a request as far as they have come, also when they
// are no well-formed request: only to tell the browser why it is refused.
absl::string_view OriginIn(absl::string_view bytes);

// Whether the request head ends within these bytes, in the same loose sense.
bool HasWholeHead(absl::string_view bytes);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_REQUEST_ORIGIN_H_
