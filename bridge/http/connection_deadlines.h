#ifndef SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_DEADLINES_H_
#define SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_DEADLINES_H_

#include "bridge/http/http1_connection.h"
#include "bridge/net/deadline_lists.h"

namespace sse_bridge {

// When the listener gives up waiting for a client. See ConnectionOptions.
//
// Used on the listener's thread only.
class ConnectionDeadlines : public DeadlineLists<Http1Connection, 6> {
 public:
  enum List { kHead, kBody, kIdle, kWrite, kLinger, kRefused };
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_DEADLINES_H_
