#ifndef SSE_BRIDGE_BRIDGE_HTTP_HANDSHAKES_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HANDSHAKES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/http/connection_options.h"
#include "bridge/http/pending_handshakes.h"
#include "bridge/net/clock.h"
#include "bridge/net/deadline_lists.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// Admits new connections: checks the connection rate of their address, reads
// the PROXY header that a trusted proxy sends, and completes the TLS handshake.
// The last two wait for the client, and a handshake costs CPU time, so they run
// on threads of this class, each with a deadline. Times are nanoseconds of
// ConnectionOptions::clock.
//
// Thread-safe.
class Handshakes {
 public:
  // Receives a connection whose handshake is complete. Called on a thread of
  // this class; must not block.
  using Entered = std::function<void(std::unique_ptr<Socket> socket,
                                     std::string peer_address)>;

  // `options` must outlive the handshakes.
  Handshakes(const ConnectionOptions& options, Entered entered);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // Called once, before Enter. Starts no threads if neither TLS nor PROXY
  // headers are in use.
  absl::Status Start();

  // Closes connections whose handshake is not complete, and joins the threads.
  void Stop();

  // Admits a non-blocking connection that arrives at `now_ns`. Returns true if
  // it needs no handshake; the caller then keeps it. Otherwise takes ownership:
  // the connection is passed to the callback later, or closed if it is refused.
  bool Enter(int fd, const std::string& peer_address, int64_t now_ns);

  // Closes the connection whose handshake has taken longest, if it arrived no
  // later than `latest_ns`. It is closed asynchronously, on its thread. Returns
  // false if there is no such connection.
  bool DropOldest(int64_t latest_ns);

  // The number of connections whose handshake is in progress.
  size_t connections() const { return connections_; }

 private:
  struct PendingConnection {
    int fd = -1;  // closed by `socket` once that is set
    std::string peer_address;
    std::string head;  // bytes of the PROXY header received so far
    bool awaits_proxy_header = false;
    std::unique_ptr<Socket> socket;  // null while the PROXY header is read
    uint32_t watched = 0;
    uint64_t number = 0;
    int64_t arrived_ns = 0;
    DeadlineLink<PendingConnection> deadline;
  };

  class HandshakeThread;  // handshake_thread.h

  void DropExcess(const std::string& key);

  bool NeedsProxyHeader(const std::string& peer_address) const {
    return options_.handshake.proxy_protocol &&
           options_.handshake.proxies.Trusts(peer_address);
  }

  // Closes a connection that exceeds the rate. A plain one is answered with
  // 429.
  void TurnAway(int fd, absl::Duration wait) const;

  const ConnectionOptions& options_;
  const Entered entered_;
  Clock* const clock_;
  std::atomic<size_t> connections_{0};
  std::atomic<size_t> next_thread_{0};
  PendingHandshakes pending_;
  std::vector<std::unique_ptr<HandshakeThread>> threads_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HANDSHAKES_H_
