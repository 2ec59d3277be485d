#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_SERVER_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/http/connection_options.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The HTTP server: the listener waits until a request is complete and has
// cpp-httplib parse its head; a few workers run the handler, which takes each
// over as an HttpExchange. No worker ever waits for a client or a backend.
class HttpServer {
 public:
  struct Options : ConnectionOptions {
    std::string host = "127.0.0.1";
    int port = 0;  // 0: a free one
    bool reuse_port = false;

    // A listening socket from outside, which Bind takes over instead of
    // binding host and port. -1: none. This and `reuse_port` decide about
    // `stopping`.
    int listen_fd = -1;

    int workers = 2;

    // Complete requests that may wait for a worker; 503 beyond it.
    size_t max_waiting_requests = 20'000;
  };

  // On a worker's thread; must answer each exchange, at once or later.
  using Handler = std::function<void(std::shared_ptr<HttpExchange>)>;

  explicit HttpServer(Options options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Unavailable when the address cannot be listened on. A host of "::" serves
  // IPv4 too.
  absl::Status Bind();
  int port() const;  // after Bind

  void Start(Handler handler);

  // New connections are refused by the kernel and idle ones closed; requests
  // that are here are served. Where another process listens on the port too
  // (reuse_port, listen_fd), those who connect get to it, and none is refused
  // or reset on the way.
  void StopAccepting();

  // Waits until every request that has arrived is answered or has become a
  // stream, and after StopAccepting until nobody can connect any more. False:
  // the deadline came first.
  bool WaitUntilIdle(absl::Time deadline);

  // Closes everything and joins all threads. What is still unanswered gets no
  // answer; exchanges may outlive the server.
  void Stop();

 private:
  struct Rep;
  const std::unique_ptr<Rep> rep_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_SERVER_H_
