#include "bridge/net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace sse_bridge {
namespace {

// How long a connection is idle before TCP probes whether the peer still
// exists.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 4;

bool Set(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

}  // namespace

void SetStreamSocketOptions(int fd, const StreamSocketOptions& options) {
  if (options.send_buffer_bytes > 0) {
    Set(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes);
  }
  if (!Set(fd, IPPROTO_TCP, TCP_NODELAY, 1)) return;  // not TCP
  Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  Set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  if (options.unsent_low_water_bytes > 0) {
    Set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.unsent_low_water_bytes);
  }
  const int64_t timeout_ms = absl::ToInt64Milliseconds(options.user_timeout);
  if (timeout_ms > 0) {
    Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(timeout_ms));
  }
}

void ResetDescriptorOnClose(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace sse_bridge
