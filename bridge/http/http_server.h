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

// The HTTP server. A listener waits until a request is complete and has
// cpp-httplib parse its head. A few workers run the handler, which takes over
// each request as an HttpExchange. Workers never wait for a client or a
// backend.
class HttpServer {
 public:
  struct Options : ConnectionOptions {
    std::string host = "127.0.0.1";
    int port = 0;  // 0 chooses a free port
    bool reuse_port = false;

    // An inherited listening socket, which Bind takes over instead of binding
    // host and port; -1 if there is none. This and `reuse_port` determine
    // `stopping`.
    int listen_fd = -1;

    int workers = 2;

    // Whether the listener's thread handles quick requests itself (see
    // inline_handling.h). The handler must not wait for anything then.
    bool handle_inline = false;

    // Maximum number of complete requests that wait for a worker. Further
    // requests get 503.
    size_t max_waiting_requests = 20'000;
  };

  // Called on a worker's thread, or on the listener's (handle_inline). Must
  // answer each exchange, immediately or later.
  using Handler = std::function<void(std::shared_ptr<HttpExchange>)>;

  explicit HttpServer(Options options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Returns Unavailable if the address cannot be listened on. The host "::"
  // also accepts IPv4.
  absl::Status Bind();
  int port() const;  // after Bind

  void Start(Handler handler);

  // Makes the kernel refuse new connections, and closes idle connections.
  // Requests that have arrived are still served. If another process listens on
  // the same port (reuse_port, listen_fd), new clients reach that process, and
  // no connection is refused or reset during the handover.
  void StopAccepting();

  // Waits until every request that has arrived is answered or has become a
  // stream and, after StopAccepting, until no more clients can connect. Returns
  // false if the deadline passes first.
  bool WaitUntilIdle(absl::Time deadline);

  // Closes all connections and joins all threads. Pending requests are not
  // answered. Exchanges may outlive the server.
  void Stop();

 private:
  struct Rep;
  const std::unique_ptr<Rep> rep_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_SERVER_H_
