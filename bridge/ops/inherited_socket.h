#ifndef SSE_BRIDGE_BRIDGE_OPS_INHERITED_SOCKET_H_
#define SSE_BRIDGE_BRIDGE_OPS_INHERITED_SOCKET_H_

#include "absl/status/statusor.h"

namespace sse_bridge {

// A listening socket that systemd, or who acts like it, has opened for this
// program (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, from descriptor 3 on). It
// stays open over a restart, so nobody who connects is refused meanwhile.
//
// -1 when there is none. InvalidArgument when there are several, or one that is
// no listening stream socket. Takes the variables out of the environment. Call
// before there are threads.
absl::StatusOr<int> TakeInheritedSocket();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_INHERITED_SOCKET_H_
