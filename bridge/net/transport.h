#ifndef SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_
#define SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

namespace sse_bridge {

// What stands between a connection and its socket when that is not plain: TLS.
// Used on one loop thread only. Does not own the descriptor. Never blocks, and
// never raises SIGPIPE.
class Transport {
 public:
  // Try again after the descriptor's next edge.
  static constexpr ssize_t kWouldBlock = -1;
  static constexpr ssize_t kFailed = -2;

  virtual ~Transport() = default;

  // Takes bytes from `parts` in order; returns how many (more than 0), or
  // kWouldBlock when it takes none now, or kFailed. What was taken is the
  // transport's to deliver.
  virtual ssize_t Send(const iovec* parts, int count) = 0;

  // Passes on what was taken and is not in the socket yet. Returns 0 when
  // nothing is left, else kWouldBlock or kFailed.
  virtual ssize_t Flush() = 0;

  // Bytes read (more than 0), 0 at the peer's end, kWouldBlock or kFailed.
  virtual ssize_t Recv(char* buffer, size_t size) = 0;

  // Says to the peer that no more will be sent, if there is space for it at
  // once; called after all was flushed and before shutdown(SHUT_WR) of the
  // descriptor, which says it in any case.
  virtual void ShutdownWrite() = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TRANSPORT_H_
