#ifndef SSE_BRIDGE_BRIDGE_HTTP_HANDSHAKES_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HANDSHAKES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/access/client_address.h"
#include "bridge/access/rate_limiter.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/base/mutex.h"
#include "bridge/http/pending_handshakes.h"
#include "bridge/http/request_origin.h"
#include "bridge/net/tls_context.h"
#include "bridge/net/tls_transport.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

// Admits new connections: checks the connection rate of their address, reads
// the PROXY header that a trusted proxy sends, and completes the TLS handshake.
// The last two wait for the client, and a handshake costs CPU time, so they run
// on threads of this class, each with a deadline.
//
// Thread-safe.
class Handshakes {
 public:
  struct Options {
    // New connections per address; null: no limit. Must outlive the handshakes.
    // The clients of trusted proxies are not counted here, unless a PROXY
    // header tells who they are: the proxy's connections carry many.
    RateLimiter* rate = nullptr;

    // Connections that are refused, as the listener counts requests: by HTTP
    // status. May be null.
    LabelledCounter* rejections = nullptr;

    // What the answer to a refused connection has, so that pages can read it.
    // May be null.
    HeadersForOrigin headers_for_origin = {};

    // Whether trusted proxies begin with a PROXY header. Others never may.
    bool proxy_protocol = false;
    TrustedProxies proxies;

    // Null: connections are plain. Must outlive the handshakes.
    const TlsContext* tls = nullptr;

    // Connections of one address whose handshake is under way: beyond it the
    // oldest is closed. 0: no limit.
    size_t max_per_address = 0;

    // From accepting to the end of the handshake.
    absl::Duration timeout = absl::Seconds(10);

    int threads = 2;
  };

  // Receives a connection whose handshake is complete, with a transport if it
  // is TLS. Called on a thread of this class; must not block.
  using Entered = std::function<void(int fd, std::string peer_address,
                                     std::unique_ptr<Transport> transport)>;

  Handshakes(Options options, Entered entered);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // Before Enter. Starts no threads if nothing is to be waited for.
  absl::Status Start();

  // Closes connections whose handshake is not complete, and joins the threads.
  void Stop();

  // Takes a connection, non-blocking, which is closed if it may not come in.
  // True: it may at once, and stays the caller's.
  bool Enter(int fd, const std::string& peer_address);

  // Closes the connection whose handshake has taken longest, if it came no
  // later than `latest_ns` (monotonic): soon, on its thread. False: no such
  // one.
  bool DropOldest(int64_t latest_ns);

  // Connections whose handshake is under way.
  size_t connections() const { return connections_; }

 private:
  struct PendingConnection {
    int fd = -1;
    std::string peer_address;
    std::string head;  // of the PROXY header, as far as it has come
    bool awaits_proxy_header = false;
    std::unique_ptr<TlsTransport> tls;
    uint32_t watched = 0;
    uint64_t number = 0;
  };

  class HandshakeThread;  // one thread with its pending

  void DropExcess(const std::string& key);

  bool NeedsProxyHeader(const std::string& peer_address) const {
    return options_.proxy_protocol && options_.proxies.Trusts(peer_address);
  }

  // Closes a connection that comes too often. Plain ones are told (429).
  void TurnAway(int fd, absl::Duration wait) const;

  const Options options_;
  const Entered entered_;
  std::atomic<size_t> connections_{0};
  std::atomic<size_t> next_thread_{0};
  PendingHandshakes pending_;
  std::vector<std::unique_ptr<HandshakeThread>> threads_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HANDSHAKES_H_
