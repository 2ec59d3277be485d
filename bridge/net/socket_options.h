#ifndef SSE_BRIDGE_BRIDGE_NET_SOCKET_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_NET_SOCKET_OPTIONS_H_

#include "absl/time/time.h"

namespace sse_bridge {

struct StreamSocketOptions {
  int unsent_low_water_bytes = 0;                      // 0: the kernel's
  int send_buffer_bytes = 0;                           // 0: the kernel's
  absl::Duration user_timeout = absl::ZeroDuration();  // 0: the kernel's
};

// Prepares a socket for a long-lived stream of small writes: disables Nagle's
// algorithm and detects dead peers. Ignores sockets that are not TCP.
void SetStreamSocketOptions(int fd, const StreamSocketOptions& options);

// Makes close() reset the connection (RST). Data that the client has not
// received is lost.
void ResetDescriptorOnClose(int fd);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_SOCKET_OPTIONS_H_
