#include "backends/stream/reaction_thread.h"

#include <chrono>

#include "absl/time/clock.h"

namespace sse_bridge {

ReactionThread::ReactionThread() : thread_([this] { Run(); }) {}

ReactionThread::~ReactionThread() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

ReactionThread::Timer ReactionThread::At(absl::Time time,
                                         std::function<void()> task) {
  MutexLock lock(&mu_);
  const Timer timer = {time, next_++};
  const bool first = tasks_.empty() || timer < tasks_.begin()->first;
  tasks_.emplace(timer, std::move(task));
  if (first) changed_.notify_all();
  return timer;
}

void ReactionThread::Cancel(const Timer& timer) {
  std::function<void()> dropped;  // released after the lock
  MutexLock lock(&mu_);
  const auto found = tasks_.find(timer);
  if (found == tasks_.end()) return;
  dropped = std::move(found->second);
  tasks_.erase(found);
}

void ReactionThread::Run() {
  for (;;) {
    std::function<void()> task;
    {
      MutexLock lock(&mu_);
      if (stop_) return;
      const absl::Time now = absl::Now();
      if (tasks_.empty()) {
        changed_.wait(mu_);
      } else if (tasks_.begin()->first.first > now) {
        changed_.wait_for(
            mu_, absl::ToChronoMicroseconds(tasks_.begin()->first.first - now));
      } else {
        task = std::move(tasks_.begin()->second);
        tasks_.erase(tasks_.begin());
      }
    }
    if (task) task();
  }
}

}  // namespace sse_bridge
