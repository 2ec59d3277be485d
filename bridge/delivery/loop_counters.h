#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_COUNTERS_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "bridge/delivery/stats.h"

namespace sse_bridge {

// One loop's part of DeliveryStats. The loop's thread writes, any thread may
// read.
struct LoopCounters {
  // A number with one writer, which therefore needs no atomic increment.
  class Counter {
   public:
    void Add(uint64_t n) {
      value_.store(value_.load(std::memory_order_relaxed) + n,
                   std::memory_order_relaxed);
    }
    void Sub(uint64_t n) { Add(-n); }
    uint64_t value() const { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<uint64_t> value_{0};
  };

  // A histogram of durations in nanoseconds with one writer.
  class Histogram {
   public:
    void Record(int64_t nanos) {
      const uint64_t n = nanos < 0 ? 0 : static_cast<uint64_t>(nanos);
      counts_[HistogramStats::BucketOf(n)].Add(1);
      sum_.Add(n);
    }
    void AddTo(HistogramStats* stats) const {
      for (size_t i = 0; i < counts_.size(); ++i) {
        stats->counts[i] += counts_[i].value();
      }
      stats->sum_nanos += sum_.value();
    }

   private:
    std::array<Counter, HistogramStats::kBuckets> counts_;
    Counter sum_;
  };

  void AddTo(DeliveryStats* stats) const {
    stats->open += open.value();
    stats->opened += opened.value();
    stats->events += events.value();
    stats->bytes += bytes.value();
    stats->writes += writes.value();
    stats->keep_alives += keep_alives.value();
    stats->conflated += conflated.value();
    stats->dropped += dropped.value();
    stats->slow_disconnects += slow_disconnects.value();
    stats->gzip_plain_bytes += gzip_plain_bytes.value();
    stats->gzip_bytes += gzip_bytes.value();
    stats->queue_bytes += queue_bytes.value();
    latency.AddTo(&stats->latency);
    lag.AddTo(&stats->lag);
  }

  // As in DeliveryStats.
  Counter open;
  Counter opened;
  Counter events;
  Counter bytes;
  Counter writes;
  Counter keep_alives;
  Counter conflated;
  Counter dropped;
  Counter slow_disconnects;
  Counter gzip_plain_bytes;
  Counter gzip_bytes;
  Counter queue_bytes;
  Histogram latency;
  Histogram lag;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_COUNTERS_H_
