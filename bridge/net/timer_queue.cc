#include "bridge/net/timer_queue.h"

namespace sse_bridge {

uint64_t TimerQueue::Add(int64_t deadline, std::function<void()> task,
                         bool* first) {
  MutexLock lock(&mu_);
  const uint64_t id = next_id_++;
  *first = tasks_.empty() || deadline < tasks_.begin()->first.first;
  tasks_.emplace(std::make_pair(deadline, id), std::move(task));
  deadlines_.emplace(id, deadline);
  return id;
}

bool TimerQueue::Cancel(uint64_t id) {
  std::function<void()> task;  // destroyed after the lock is released
  MutexLock lock(&mu_);
  const auto deadline = deadlines_.find(id);
  if (deadline == deadlines_.end()) return false;
  const auto it = tasks_.find(std::make_pair(deadline->second, id));
  task = std::move(it->second);
  tasks_.erase(it);
  deadlines_.erase(deadline);
  return true;
}

void TimerQueue::RunDue(int64_t now) {
  // Tasks added meanwhile run in the next call, so that this one ends.
  uint64_t end = 0;
  for (;;) {
    std::function<void()> task;
    {
      MutexLock lock(&mu_);
      if (end == 0) end = next_id_;
      const auto it = tasks_.begin();
      if (it == tasks_.end() || it->first.first > now ||
          it->first.second >= end) {
        return;
      }
      task = std::move(it->second);
      deadlines_.erase(it->first.second);
      tasks_.erase(it);
    }
    task();
  }
}

int64_t TimerQueue::NextDeadline() {
  MutexLock lock(&mu_);
  return tasks_.empty() ? kNever : tasks_.begin()->first.first;
}

void TimerQueue::Clear() {
  std::map<std::pair<int64_t, uint64_t>, std::function<void()>> tasks;
  MutexLock lock(&mu_);
  tasks.swap(tasks_);
  deadlines_.clear();
}

}  // namespace sse_bridge
