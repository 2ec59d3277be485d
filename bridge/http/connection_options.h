#ifndef SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_OPTIONS_H_

#include <cstddef>
#include <memory>

#include "absl/time/time.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/http/framing/request_framing.h"
#include "bridge/http/request_origin.h"
#include "bridge/net/clock.h"
#include "bridge/net/handshakes/handshakes.h"
#include "bridge/net/network.h"

namespace sse_bridge {

class Http2Acceptor;

// How a server treats its connections, from accepting to closing.
struct ConnectionOptions {
  FramingLimits framing;
  HandshakeOptions handshake;

  // Timeouts for: the head, from accepting or the first byte of a further
  // request, and for the handshake; the body, from the end of the head; idle
  // time between two requests; and the client to read its answer. Beyond them
  // the request is answered with 408 or the connection is closed.
  absl::Duration head_timeout = absl::Seconds(10);
  absl::Duration body_timeout = absl::Seconds(30);
  absl::Duration idle_timeout = absl::Seconds(60);
  absl::Duration write_timeout = absl::Seconds(30);

  // Maximum number of open connections, not counting streams. Beyond it, a
  // connection that waits for its client is closed for a new one
  // (HttpListener::MakeSpace), or the new one is answered with 503. 0 means as
  // many as there are descriptors.
  size_t max_connections = 0;

  // Maximum number of connections per address that wait for the client, and of
  // concurrent handshakes. Beyond it, the oldest is closed. Does not apply to
  // trusted proxies, whose connections carry many clients. 0 means no limit.
  size_t max_connections_per_address = 0;

  // Connections may not use descriptors from this number on. They are reserved
  // for the admin listener, backends and files. 0 means no reserve.
  int max_descriptor = 0;

  // How clients that connect around StopAccepting are treated.
  enum class Stopping {
    kTakeWaiting,   // drain the accept queue, then refuse
    kRetire,        // Acceptor::Retire: another process listens on this port
    kLeaveWaiting,  // another process shares this socket
  };
  Stopping stopping = Stopping::kTakeWaiting;

  // Maximum number of bytes that all connections hold: requests that are
  // arriving, waiting or being served, and unsent answers. Beyond it, the
  // largest holders are answered with 503 or closed. One address may hold half,
  // unless it is a trusted proxy.
  size_t max_buffered_bytes = size_t{256} << 20;

  // Headers added to the answers to refused requests and connections (CORS), so
  // that web pages can read them. May be null.
  HeadersForOrigin headers_for_origin;

  // Whether these headers depend on the origin. The listener then reads on
  // after refusing a head to find the origin, for a limited time and size.
  bool headers_need_origin = false;

  // Counts refused requests and connections by HTTP status. May be null. Must
  // outlive the server.
  LabelledCounter* rejections = nullptr;

  // Takes over connections whose clients speak HTTP/2. Null if only HTTP/1.1 is
  // served.
  std::shared_ptr<Http2Acceptor> http2;

  // What the loops run on. Must outlive the server. A loop that sleeps on the
  // real network does not notice that the time of another clock was changed
  // until something else wakes it.
  Network* network = Network::Real();
  Clock* clock = Clock::Real();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_OPTIONS_H_
