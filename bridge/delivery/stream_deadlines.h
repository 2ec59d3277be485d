#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_STREAM_DEADLINES_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_STREAM_DEADLINES_H_

#include <cstdint>
#include <limits>

#include "bridge/delivery/connection.h"
#include "bridge/net/timer_wheel.h"

namespace sse_bridge {

struct LoopContext;

// When a loop must act on one of its connections, in nanoseconds of the loop's
// clock. Used on the loop's thread only.
struct StreamDeadlines {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // Sets what the connection's spec asks for, from now on.
  void Init(const StreamSpec& spec, LoopContext* context);

  // Returns the earliest deadline of an open connection.
  int64_t NextWhileOpen(int64_t last_sent, int64_t now) const;

  // Whether a keep-alive is due on a connection that is idle since `last_sent`.
  bool KeepAliveDue(int64_t last_sent, int64_t now) const;

  TimerNode timer;  // armed for the earliest deadline
  int64_t opened = 0;
  int64_t keep_alive = 0;  // with jitter; 0 if disabled
  // While open.
  int64_t expires = kNever;
  int64_t max_age = kNever;
  int64_t drain = kNever;
  // While ending or lingering.
  int64_t give_up = kNever;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_STREAM_DEADLINES_H_
