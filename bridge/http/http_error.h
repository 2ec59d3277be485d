#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_ERROR_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/http/http_response.h"

namespace sse_bridge {

// Maps canonical codes to HTTP statuses as the comments of google.rpc.Code do.
int HttpStatusFromCode(absl::StatusCode code);

// "PERMISSION_DENIED", ...
absl::string_view CodeName(absl::StatusCode code);

// An error in the format of all the bridge's errors (AIP-193):
//   {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "...",
//              "details": [...]}}
// It has WWW-Authenticate on 401, and Retry-After on 429, 503 and any status
// with a google.rpc.RetryInfo, whose delay it then uses. `details_json` is a
// JSON array, or empty.
HttpResponse ErrorResponse(int http_status, absl::string_view status_name,
                           absl::string_view message,
                           absl::string_view details_json = {});

HttpResponse ErrorResponse(const absl::Status& status,
                           absl::string_view details_json);

// 429 for a client that sends too many requests or holds too much. It may retry
// after `wait`.
HttpResponse TooManyRequests(absl::string_view message, absl::Duration wait);

// The same for an address that connects too often.
HttpResponse TooManyConnections(absl::Duration wait);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_ERROR_H_
