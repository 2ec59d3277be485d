#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

struct HttpResponse {
  int status = 200;
  // Without Content-Length and Connection, which are added when it is sent.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// "OK", "Not Found", ...
absl::string_view ReasonPhrase(int status);

// Appends "Name: value\r\n". CR, LF and NUL, wherever they come from, become
// spaces, so that no value can begin a line of its own. A name that is none is
// left out with its value.
void AppendHeader(absl::string_view name, absl::string_view value,
                  std::string* out);

// The bytes of a whole answer.
std::string SerializeResponse(const HttpResponse& response, bool keep_alive,
                              bool without_body);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_RESPONSE_H_
