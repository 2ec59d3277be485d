#ifndef SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_HANDSHAKES_H_
#define SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_HANDSHAKES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/access/client_address.h"
#include "bridge/access/rate_limiter.h"
#include "bridge/net/clock.h"
#include "bridge/net/deadline_lists.h"
#include "bridge/net/handshakes/pending_handshakes.h"
#include "bridge/net/network.h"
#include "bridge/net/socket.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

// What happens to a new connection before its first request.
struct HandshakeOptions {
  // Limits new connections per address. Null if unlimited. Must outlive the
  // handshakes. Connections from trusted proxies are counted only if a PROXY
  // header names the client, because a proxy's connections carry many clients.
  RateLimiter* rate = nullptr;

  // Whether trusted proxies send a PROXY header first. Other peers never may.
  bool proxy_protocol = false;
  TrustedProxies proxies;

  // What carries the bytes after the PROXY header. Must outlive the handshakes.
  const Transport* transport = Transport::Plain();

  int threads = 2;
};

// Admits new connections: checks the connection rate of their address, reads
// the PROXY header that a trusted proxy sends, and completes the handshake of
// the transport. The last two wait for the client, and a TLS handshake costs
// CPU time, so they run on threads of this class, each with a deadline. Times
// are nanoseconds of Options::clock.
//
// Thread-safe.
class Handshakes {
 public:
  struct Options : HandshakeOptions {
    // Maximum duration, from the arrival of the connection.
    absl::Duration timeout = absl::Seconds(10);

    // Maximum number of concurrent handshakes per address. Beyond it, the
    // oldest is closed. 0 means no limit.
    size_t max_per_address = 0;

    // Must outlive the handshakes.
    Network* network = Network::Real();
    Clock* clock = Clock::Real();
  };

  // Receives a connection whose handshake is complete. Called on a thread of
  // this class; must not block.
  using Entered = std::function<void(std::unique_ptr<Socket> socket,
                                     std::string peer_address)>;

  // Receives a connection that is refused because its address connects too
  // often, and how long the client should wait. Its handshake has not begun.
  // Called on a thread of this class or in Enter; must not block.
  using TooOften =
      std::function<void(std::unique_ptr<Socket> socket, absl::Duration wait)>;

  Handshakes(Options options, Entered entered, TooOften too_often);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // Called once, before Enter. Starts no threads if connections wait for
  // neither a handshake nor a PROXY header.
  absl::Status Start();

  // Closes connections whose handshake is not complete, and joins the threads.
  void Stop();

  // Admits a connection that arrives at `now_ns`. Returns it if nothing needs
  // to be waited for. Otherwise returns null: the connection is passed to a
  // callback, or closed.
  std::unique_ptr<Socket> Enter(std::unique_ptr<Socket> socket,
                                const std::string& peer_address,
                                int64_t now_ns);

  // Closes the connection whose handshake has taken longest, if it arrived no
  // later than `latest_ns`. It is closed asynchronously, on its thread. Returns
  // false if there is no such connection.
  bool DropOldest(int64_t latest_ns);

  // The number of connections whose handshake is in progress.
  size_t connections() const { return connections_; }

 private:
  struct PendingConnection {
    std::unique_ptr<Socket> socket;
    std::string peer_address;
    std::string head;  // bytes of the PROXY header received so far
    bool awaits_proxy_header = false;
    bool wrapped = false;  // `socket` is that of the transport
    uint32_t watched = 0;
    uint64_t number = 0;
    int64_t arrived_ns = 0;
    DeadlineLink<PendingConnection> deadline;
  };

  class HandshakeThread;  // handshake_thread.h

  void DropExcess(const std::string& key);

  bool NeedsProxyHeader(const std::string& peer_address) const {
    return options_.proxy_protocol && options_.proxies.Trusts(peer_address);
  }

  const Options options_;
  const Entered entered_;
  const TooOften too_often_;
  std::atomic<size_t> connections_{0};
  std::atomic<size_t> next_thread_{0};
  PendingHandshakes pending_;
  std::vector<std::unique_ptr<HandshakeThread>> threads_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_HANDSHAKES_HANDSHAKES_H_
