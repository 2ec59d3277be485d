#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// In the order sent. Names are case-insensitive.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
  int status = 200;
  // Excludes Content-Length, Connection and Date, which are added when the
  // response is sent.
  HttpHeaders headers;
  std::string body;

  // False for the answer to a HEAD whose GET would be a stream: it has no
  // Content-Length (RFC 9110, 8.6).
  bool has_length = true;

  // The body may be sent compressed: it says nothing secret beside text that
  // somebody else may have chosen (BREACH), and is not compressed already.
  bool compressible = false;
};

// "OK", "Not Found", ...
absl::string_view ReasonPhrase(int status);

// Appends "Name: value\r\n". Replaces CR, LF and NUL in the value with spaces,
// so that no value can start a new line. Omits the header if its name is
// invalid.
void AppendHeader(absl::string_view name, absl::string_view value,
                  std::string* out);

// Returns the bytes of a whole response, including the current Date. Does not
// copy a body whose string has room for the head.
std::string SerializeResponse(HttpResponse response, bool keep_alive,
                              bool without_body);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_
