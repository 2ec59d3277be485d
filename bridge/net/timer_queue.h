#ifndef SSE_BRIDGE_BRIDGE_NET_TIMER_QUEUE_H_
#define SSE_BRIDGE_BRIDGE_NET_TIMER_QUEUE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// The timers of Delivery::RunAfter. Any thread adds and cancels timers; one
// loop runs them. Times are nanoseconds of the loops' clock.
//
// Thread-safe.
class TimerQueue {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // Sets `*first` to whether the new timer is now the earliest.
  uint64_t Add(int64_t deadline, std::function<void()> task, bool* first);

  // Returns true if the task was still waiting. It is then destroyed.
  bool Cancel(uint64_t id);

  // Runs the due tasks without holding the lock. Tasks added meanwhile do not
  // run.
  void RunDue(int64_t now);

  // Returns kNever if there are no timers.
  int64_t NextDeadline();

  void Clear();

 private:
  Mutex mu_;
  uint64_t next_id_ ABSL_GUARDED_BY(mu_) = 1;
  std::map<std::pair<int64_t, uint64_t>, std::function<void()>> tasks_
      ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, int64_t> deadlines_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TIMER_QUEUE_H_
