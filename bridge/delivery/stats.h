#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sse_bridge {

// A histogram of durations. The bounds double from one bucket to the next.
struct HistogramStats {
  static constexpr size_t kBuckets = 20;
  // The first bound as a power of two, in nanoseconds: about 16 microseconds.
  static constexpr int kFirstBoundBits = 14;

  // The upper bound of bucket `i` in nanoseconds. The last bucket has none.
  static constexpr uint64_t UpperBound(size_t i) {
    return uint64_t{1} << (kFirstBoundBits + i);
  }
  // The bucket of a duration: the first whose bound is not less than it.
  static constexpr size_t BucketOf(uint64_t nanos) {
    const size_t bits = std::bit_width(nanos == 0 ? 0 : nanos - 1);
    return bits <= kFirstBoundBits
               ? 0
               : std::min(bits - kFirstBoundBits, kBuckets - 1);
  }

  std::array<uint64_t, kBuckets> counts{};
  uint64_t sum_nanos = 0;
};

// Counters of delivery, summed over its loops. Each number is exact, but
// together they are not a consistent snapshot.
struct DeliveryStats {
  uint64_t open = 0;              // open connections
  uint64_t opened = 0;            // connections opened so far
  uint64_t events = 0;            // events written to sockets completely
  uint64_t bytes = 0;             // bytes written, including all framing
  uint64_t writes = 0;            // send system calls
  uint64_t keep_alives = 0;       // comments sent on idle streams
  uint64_t conflated = 0;         // events superseded while queued
  uint64_t dropped = 0;           // events dropped at the limit
  uint64_t slow_disconnects = 0;  // connections closed at the limit
  uint64_t gzip_plain_bytes = 0;  // frames of gzip streams, before compression
  uint64_t gzip_bytes = 0;        // and after
  uint64_t queue_bytes = 0;       // queued now, shared frames counted fully

  // Time from a message's arrival (FrameInfo::born_ns) until a loop has sent or
  // queued it to all its members. Recorded once per message and loop.
  HistogramStats latency;
  // How long a loop was busy before it polled its sockets again.
  HistogramStats lag;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_STATS_H_
