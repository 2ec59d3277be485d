#ifndef SSE_BRIDGE_BRIDGE_OPS_INHERITED_SOCKET_H_
#define SSE_BRIDGE_BRIDGE_OPS_INHERITED_SOCKET_H_

#include "absl/status/statusor.h"

namespace sse_bridge {

// Returns the listening socket that systemd, or a compatible supervisor, has
// opened for this program (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, from
// descriptor 3 on), or -1 if there is none. The supervisor keeps the socket
// open during a restart, so that no connection is refused.
//
// Returns kInvalidArgument if there are several, or if the descriptor is not a
// listening stream socket. Removes the variables from the environment. Must be
// called before threads are started.
absl::StatusOr<int> TakeInheritedSocket();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_INHERITED_SOCKET_H_
