#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The only part of the server that knows cpp-httplib, and what differs between
// its versions (0.11 in Debian 12, 0.18 in Debian 13): it binds, parses and
// routes, without httplib's own accept loop.
//
// Process may be called from several threads at once.
class HttplibServer {
 public:
  using Handler = std::function<void(std::shared_ptr<HttpExchange>)>;

  // `handler` takes over each exchange that httplib accepts.
  HttplibServer(bool reuse_port, Handler handler);
  ~HttplibServer();
  HttplibServer(const HttplibServer&) = delete;
  HttplibServer& operator=(const HttplibServer&) = delete;

  // The listening socket, which the caller owns; negative when it could not be
  // had (errno). A port of 0 becomes the one that was chosen.
  int Listen(const std::string& host, int* port);

  // Runs the handler on this thread, or returns the HTTP status that httplib
  // refuses the request with. 0: the handler has it.
  int Process(const std::shared_ptr<HttpExchange>& exchange);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTPLIB_SERVER_H_
