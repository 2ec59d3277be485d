#ifndef SSE_BRIDGE_BRIDGE_HTTP_PARSED_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_HTTP_PARSED_REQUEST_H_

#include <string>

#include "bridge/http/http_response.h"

namespace sse_bridge {

// An HTTP request, independent of the parser.
struct ParsedRequest {
  std::string verb;
  std::string target;  // as received, with its query
  int minor_version = 1;
  bool keep_alive = true;

  // Names and values as received, without the whitespace around values. Headers
  // of the same name keep their order; the order of different names is
  // unspecified.
  HttpHeaders headers;

  std::string body;
  std::string peer_address;  // without the port
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_PARSED_REQUEST_H_
