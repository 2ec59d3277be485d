#ifndef SSE_BRIDGE_BRIDGE_FEED_ADMISSION_STATS_H_
#define SSE_BRIDGE_BRIDGE_FEED_ADMISSION_STATS_H_

#include <atomic>
#include <cstdint>

#include "bridge/base/labelled_counter.h"

namespace sse_bridge {

// What has become of admissions. Thread-safe. Shared by all who count, because
// calls may end after everything else.
struct AdmissionStats {
  // By the stream's method and the result: entered, refused, failed, renewed,
  // renewal_refused, gave_up, left, leave_failed, leave_expired, leave_dropped.
  LabelledCounter results;

  // Sessions that have been started and not been released.
  std::atomic<int64_t> sessions{0};
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_ADMISSION_STATS_H_
