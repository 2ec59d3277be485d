#ifndef SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_
#define SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_

#include <memory>

#include "bridge/net/socket.h"

namespace sse_bridge {

// What carries the bytes of a listener's connections: nothing but the socket,
// or TLS (TlsContext).
//
// Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;

  // Whether connections begin with a handshake (Socket::Handshake). Before it
  // is done, nothing can be sent that the client understands.
  virtual bool has_handshake() const = 0;

  // Puts the transport on an accepted plain socket. The handshake has not
  // started. Returns null, and closes the socket, if memory is exhausted.
  virtual std::unique_ptr<Socket> Wrap(
      std::unique_ptr<Socket> socket) const = 0;

  // Uses sockets as they are. Never destroyed.
  static const Transport* Plain();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_
