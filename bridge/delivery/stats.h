#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_

#include <cstdint>

namespace sse_bridge {

// What delivery has done, summed over its loops. Each number is exact; together
// they are no snapshot of one moment.
struct DeliveryStats {
  uint64_t open = 0;              // connections now
  uint64_t opened = 0;            // connections ever
  uint64_t events = 0;            // fully handed to sockets
  uint64_t bytes = 0;             // the same, with all framing
  uint64_t writes = 0;            // send system calls
  uint64_t keep_alives = 0;       // comments sent into idle streams
  uint64_t conflated = 0;         // events superseded while they waited
  uint64_t dropped = 0;           // events dropped at the bound
  uint64_t slow_disconnects = 0;  // connections ended at the bound
  uint64_t queue_bytes = 0;       // waiting now, shared frames counted fully
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_
