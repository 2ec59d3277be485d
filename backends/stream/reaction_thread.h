#ifndef SSE_BRIDGE_BACKENDS_STREAM_REACTION_THREAD_H_
#define SSE_BRIDGE_BACKENDS_STREAM_REACTION_THREAD_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Runs tasks at their time, one after the other, on a thread of its own.
// Thread-safe.
class ReactionThread {
 public:
  // Identifies a task, for Cancel.
  using Timer = std::pair<absl::Time, uint64_t>;

  ReactionThread();
  // Tasks that have not run are dropped.
  ~ReactionThread();
  ReactionThread(const ReactionThread&) = delete;
  ReactionThread& operator=(const ReactionThread&) = delete;

  Timer At(absl::Time time, std::function<void()> task);
  void Soon(std::function<void()> task) {
    At(absl::InfinitePast(), std::move(task));
  }

  // Has no effect if the task has run or runs.
  void Cancel(const Timer& timer);

 private:
  void Run();

  Mutex mu_;
  std::condition_variable_any changed_;
  std::map<Timer, std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  uint64_t next_ ABSL_GUARDED_BY(mu_) = 1;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_REACTION_THREAD_H_
