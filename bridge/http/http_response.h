#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// In their order; names in any case of letters.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
  int status = 200;
  // Without Content-Length, Connection and Date, which are added when it is
  // sent.
  HttpHeaders headers;
  std::string body;

  // False for the answer to a HEAD whose GET would be a stream: it has no
  // Content-Length (RFC 9110, 8.6).
  bool has_length = true;
};

// "OK", "Not Found", ...
absl::string_view ReasonPhrase(int status);

// Appends "Name: value\r\n". CR, LF and NUL, wherever they come from, become
// spaces, so that no value can begin a line of its own. A name that is none is
// left out with its value.
void AppendHeader(absl::string_view name, absl::string_view value,
                  std::string* out);

// The bytes of a whole answer, with the Date of now.
std::string SerializeResponse(const HttpResponse& response, bool keep_alive,
                              bool without_body);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_
