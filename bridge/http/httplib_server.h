#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/http/parsed_request.h"

namespace sse_bridge {

// What cpp-httplib does for the server: it listens, and it parses the heads of
// HTTP/1.1 requests. This is the only part that includes httplib.h and knows
// what differs between its versions (0.11 in Debian 12, 0.18 in Debian 13).
//
// httplib parses a head by running a request on a stream. Here the stream is
// the head as it lies in the connection's buffer, and the request is taken as
// soon as its headers are parsed. What httplib would do next, route the request
// and wait for the answer on the same thread, is of no use to a bridge whose
// answers are streams or come later from a backend.
//
// Both versions damage some of what they parse, so the stream leaves this out,
// and it is put into the request as it came:
// - The query. httplib drops the second of two equal parameters, keeps only "c"
//   of "a=b=c", forgets the order and takes malformed escapes; 0.11 refuses a
//   '?' within it. The transcoder parses the query (ParseQuery).
// - Headers with a '%' in their value, which httplib decodes; headers without a
//   value, which 0.11 drops; lines that it finds too long.
// - Each header after the first of its name: 0.18 loses their order, by which
//   for example X-Forwarded-For tells the client from what the client says.
// - Range, whose value 0.11 matches by a recursive regular expression: a long
//   one overflows the stack.
// - The names that httplib adds itself (REMOTE_ADDR and the like).
class HttplibServer {
 public:
  explicit HttplibServer(bool reuse_port);
  ~HttplibServer();
  HttplibServer(const HttplibServer&) = delete;
  HttplibServer& operator=(const HttplibServer&) = delete;

  // The listening socket, which the caller owns; negative when it could not be
  // had (errno). A port of 0 becomes the one that was chosen.
  int Listen(const std::string& host, int* port);

  // Parses a whole head, from its request line to its empty line, that
  // RequestFraming has accepted. Sets the verb, target, version and headers of
  // the request and returns 0, or returns the HTTP status that httplib refuses
  // the head with: 414 for a path that is too long for it, else the method is
  // not one that it knows.
  int ParseHead(absl::string_view head, ParsedRequest* request);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_
