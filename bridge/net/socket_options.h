#ifndef SSE_BRIDGE_BRIDGE_NET_SOCKET_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_NET_SOCKET_OPTIONS_H_

#include "absl/time/time.h"

namespace sse_bridge {

struct StreamSocketOptions {
  int unsent_low_water_bytes = 0;                      // 0: the kernel's
  int send_buffer_bytes = 0;                           // 0: the kernel's
  absl::Duration user_timeout = absl::ZeroDuration();  // 0: the kernel's
};

// Prepares a socket for a stream that lives long and sends little at a time:
// no Nagle, dead peers found. Sockets that are not TCP are left as they are,
// without an error.
void SetStreamSocketOptions(int fd, const StreamSocketOptions& options);

// Closing the socket then breaks the connection (RST), and what the client has
// not received yet is lost.
void ResetOnClose(int fd);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_SOCKET_OPTIONS_H_
