#ifndef SSE_BRIDGE_BRIDGE_NET_LISTENING_SOCKET_H_
#define SSE_BRIDGE_BRIDGE_NET_LISTENING_SOCKET_H_

#include <memory>
#include <string>

#include "bridge/net/socket.h"

namespace sse_bridge {

struct AcceptedConnection {
  std::unique_ptr<Socket> socket;  // plain
  std::string peer_address;        // numeric IPv4 or IPv6, without the port
};

// A socket that accepts connections: the operating system's, or one simulated
// by a test. Closes the socket in the destructor. Never blocks.
//
// Used on one thread.
class ListeningSocket {
 public:
  enum class Result {
    kAccepted,
    kRetry,          // this connection is gone, or a signal arrived
    kNone,           // no connection waits
    kNoDescriptors,  // a connection waits, but descriptors are exhausted
    kNoMemory,
  };

  virtual ~ListeningSocket() = default;
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  // Identifies the socket at the Poller.
  virtual int fd() const = 0;

  // Sets `*connection` if it returns kAccepted.
  virtual Result Accept(AcceptedConnection* connection) = 0;

  // Makes sure that one descriptor is kept for AcceptWithReserve. Returns false
  // if descriptors are exhausted.
  virtual bool KeepReserve() = 0;

  // Accepts with the reserved descriptor and does not reserve another one. The
  // connection should be closed soon. Returns null if there is no reserve or no
  // connection.
  virtual std::unique_ptr<Socket> AcceptWithReserve() = 0;

  // From now on, no TCP handshakes begin; those that have begun complete.
  // Returns false if the kernel does not support it.
  virtual bool RefuseNewHandshakes() = 0;

 protected:
  ListeningSocket() = default;
};

// A TCP socket, or another stream socket, of the operating system.
class TcpListeningSocket final : public ListeningSocket {
 public:
  // Takes ownership of `fd`, which is non-blocking and listens.
  explicit TcpListeningSocket(int fd) : fd_(fd) {}
  ~TcpListeningSocket() override;

  int fd() const override { return fd_; }
  Result Accept(AcceptedConnection* connection) override;
  bool KeepReserve() override;
  std::unique_ptr<Socket> AcceptWithReserve() override;
  bool RefuseNewHandshakes() override;

 private:
  const int fd_;
  int reserve_fd_ = -1;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_LISTENING_SOCKET_H_
