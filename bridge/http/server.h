#ifndef SSE_BRIDGE_BRIDGE_HTTP_SERVER_H_
#define SSE_BRIDGE_BRIDGE_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/http/exchange.h"
#include "bridge/http/request_framing.h"

namespace sse_bridge {

// The HTTP server: the gate waits for requests, a few workers run cpp-httplib
// on those that are complete, and the handler takes each over as an Exchange.
// No worker ever waits for a client or a backend.
class HttpServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;  // 0: a free one
    bool reuse_port = false;
    int workers = 2;
    FramingLimits framing;
    absl::Duration head_timeout = absl::Seconds(10);
    absl::Duration body_timeout = absl::Seconds(30);
    absl::Duration idle_timeout = absl::Seconds(60);
  };

  // On a worker's thread; must answer each exchange, at once or later.
  using Handler = std::function<void(std::shared_ptr<Exchange>)>;

  explicit HttpServer(Options options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Unavailable when the address cannot be listened on.
  absl::Status Bind();
  int port() const;  // after Bind

  void Start(Handler handler);

  // New connections are refused by the kernel; those that are here are served.
  void StopAccepting();

  // Closes everything and joins all threads.
  void Stop();

 private:
  struct Rep;
  const std::unique_ptr<Rep> rep_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_SERVER_H_
