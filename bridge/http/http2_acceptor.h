#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP2_ACCEPTOR_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP2_ACCEPTOR_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/http/connection_options.h"
#include "bridge/http/http_exchange.h"
#include "bridge/http/listener_drain.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// What a client of HTTP/2 sends first (RFC 9113, 3.4).
inline constexpr absl::string_view kHttp2Preface =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Takes over the listener's connections whose clients speak HTTP/2. Implemented
// by Http2Server, and apart from it because HTTP/2 uses delivery, which this
// folder does not.
//
// Thread-safe.
class Http2Acceptor {
 public:
  using Sink = std::function<bool(std::shared_ptr<HttpExchange>)>;

  virtual ~Http2Acceptor() = default;

  // Called once, before Accept. `sink` receives complete requests
  // (HttpListener::Sink); `drain` counts them. Both may be used until Stop.
  virtual void Start(const ConnectionOptions& options, Sink sink,
                     ListenerDrain* drain) = 0;

  // `input` has been read from the socket, which no poller watches.
  virtual void Accept(std::unique_ptr<Socket> socket, std::string peer_address,
                      std::string input) = 0;

  // Closes the connection that has been idle for longest, asynchronously.
  // Returns false if no connection is idle.
  virtual bool CloseLongestIdle() = 0;

  // Tells all clients to open no more streams (GOAWAY), and closes connections
  // without requests.
  virtual void StartDraining() = 0;

  // Drops requests from now on. Connections live until delivery is stopped.
  virtual void Stop() = 0;

  virtual size_t connections() const = 0;

  // What its requests and answers hold of max_buffered_bytes: at most half.
  virtual size_t held_bytes() const = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP2_ACCEPTOR_H_
