#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sse_bridge {

// How often something took how long. Bounds double from one bucket to the next.
struct HistogramStats {
  static constexpr size_t kBuckets = 20;
  // Nanoseconds, as a power of two: about 16 microseconds.
  static constexpr int kFirstBoundBits = 14;

  // Of bucket `i`, in nanoseconds; the last bucket has none.
  static constexpr uint64_t UpperBound(size_t i) {
    return uint64_t{1} << (kFirstBoundBits + i);
  }
  // The bucket of a duration: the first whose bound is not below it.
  static constexpr size_t BucketOf(uint64_t nanos) {
    const size_t bits = std::bit_width(nanos == 0 ? 0 : nanos - 1);
    return bits <= kFirstBoundBits
               ? 0
               : std::min(bits - kFirstBoundBits, kBuckets - 1);
  }

  std::array<uint64_t, kBuckets> counts{};
  uint64_t sum_nanos = 0;
};

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

  // From a message's arrival (FrameInfo::born_ns) to the moment when a loop had
  // sent or queued it to all its members; once for each message and loop.
  HistogramStats latency;
  // How long a loop was busy before it looked at its sockets again.
  HistogramStats lag;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_
