#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/http/parsed_request.h"

namespace sse_bridge {

// The part of cpp-httplib that the server uses: listening, and parsing the
// heads of HTTP/1.1 requests. Only this file's .cc includes httplib.h and
// handles the differences between its versions (0.11 in Debian 12, 0.18 in
// Debian 13).
//
// httplib parses a head while it runs a request on a stream. Here, the stream
// reads the head from the connection's buffer, and the request is taken as soon
// as its headers are parsed. The next steps of httplib, routing the request and
// waiting for the response on the same thread, do not suit a bridge whose
// responses are streams or arrive later from a backend.
//
// Both versions damage some of what they parse. The stream therefore withholds
// the following, which is added to the request unchanged:
// - The query. httplib drops the second of two equal parameters, keeps only "c"
//   of "a=b=c", loses the order and accepts malformed escapes; 0.11 refuses a
//   '?' inside it. The transcoder parses the query (ParseQuery).
// - Headers with a '%' in their value, which httplib decodes; headers without a
//   value, which 0.11 drops; lines that httplib considers too long.
// - All headers of the same name but the first: 0.18 loses their order, which
//   matters for example in X-Forwarded-For, where it separates proxies from the
//   client's own claims.
// - Range, whose value 0.11 matches with a recursive regular expression: a long
//   value overflows the stack.
// - The names that httplib adds itself (such as REMOTE_ADDR).
// - Verbs that httplib does not know. A schema may use any (QUERY of RFC
// 10008).
class HttplibServer {
 public:
  explicit HttplibServer(bool reuse_port);
  ~HttplibServer();
  HttplibServer(const HttplibServer&) = delete;
  HttplibServer& operator=(const HttplibServer&) = delete;

  // Returns the listening socket, which the caller owns, or a negative value on
  // failure (see errno). A port of 0 is replaced by the chosen port.
  int Listen(const std::string& host, int* port);

  // Parses a complete head that RequestFraming has accepted, from the request
  // line to the empty line. Returns 0 and sets the request's verb, target,
  // version and headers, or returns the HTTP status with which httplib refuses
  // the head: 414 if the path is too long for httplib; any other status means
  // that it does not understand the head.
  int ParseHead(absl::string_view head, ParsedRequest* request);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_
