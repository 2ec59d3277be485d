#ifndef SSE_BRIDGE_BRIDGE_HTTP_PARSED_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_HTTP_PARSED_REQUEST_H_

#include <string>

#include "bridge/http/http_response.h"

namespace sse_bridge {

// One HTTP request, whichever parser it comes from.
struct ParsedRequest {
  std::string verb;
  std::string target;  // as it came, with its query
  int minor_version = 1;
  bool keep_alive = true;

  // Names and values as they came, without the white space around values.
  // Headers of one name are in the order in which they came; the names are in
  // any order.
  HttpHeaders headers;

  std::string body;
  std::string peer_address;  // without the port
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_PARSED_REQUEST_H_
