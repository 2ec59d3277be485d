#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_HEAD_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_HEAD_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/gzip/gzip_member.h"
#include "bridge/http/http_response.h"

namespace sse_bridge {

// The headers of every stream. They disable caching, compression by proxies
// (which delays events) and buffering (RFC 10036, and nginx's own header).
HttpResponse StreamHeaders(absl::string_view content_type);

// The first bytes of a stream: a 200 head with the `extra` headers, and
// `opening`, the first bytes of its body, as a chunk if the body is chunked. If
// it is not, the body ends with the connection. In both cases the connection
// ends with the stream, and the head says so (RFC 9112, 9.6).
std::string StreamHead(
    absl::string_view content_type, bool chunked, absl::string_view opening,
    const std::vector<std::pair<std::string, std::string>>& extra = {});

// Returns the beginning of a gzip member that contains `opening`, which it adds
// to `sum`.
std::string GzipOpening(absl::string_view opening, GzipSum* sum);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_HEAD_H_
