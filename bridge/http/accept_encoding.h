#ifndef SSE_BRIDGE_BRIDGE_HTTP_ACCEPT_ENCODING_H_
#define SSE_BRIDGE_BRIDGE_HTTP_ACCEPT_ENCODING_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/http/http_response.h"

namespace sse_bridge {

// Whether a client with these Accept-Encoding headers (RFC 9110, 12.5.3) wants
// gzip: it accepts it, and does not prefer no encoding.
bool WantsGzip(const std::vector<absl::string_view>& accept_encoding);

// Compresses the body of a response that may be (HttpResponse::compressible)
// and is worth it, for a client that wants it. Adds `Vary` in any case.
void CompressResponse(const std::vector<absl::string_view>& accept_encoding,
                      HttpResponse* response);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_ACCEPT_ENCODING_H_
