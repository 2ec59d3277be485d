#ifndef SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_
#define SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

namespace sse_bridge {

// The layer between a connection and a socket that is not plain: TLS. Does not
// own the descriptor. Never blocks, and never raises SIGPIPE.
//
// Not thread-safe: used by one thread at a time.
class Transport {
 public:
  // Retry after the descriptor's next edge.
  static constexpr ssize_t kWouldBlock = -1;
  static constexpr ssize_t kFailed = -2;

  virtual ~Transport() = default;

  // Accepts bytes from `parts` in order. Returns how many (more than 0),
  // kWouldBlock if it accepts none now, or kFailed. The transport is
  // responsible for delivering accepted bytes.
  virtual ssize_t Send(const iovec* parts, int count) = 0;

  // Writes accepted bytes to the socket. Returns 0 if none are left, otherwise
  // kWouldBlock or kFailed.
  virtual ssize_t Flush() = 0;

  // Returns the number of bytes read (more than 0), 0 at the end of the peer's
  // data, kWouldBlock or kFailed.
  virtual ssize_t Recv(char* buffer, size_t size) = 0;

  // Tells the peer that no more data follows, if the socket has space for it.
  // Called after everything is flushed and before shutdown(SHUT_WR) of the
  // descriptor, which signals the end in any case.
  virtual void ShutdownWrite() = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_
