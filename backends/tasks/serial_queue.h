#ifndef SSE_BRIDGE_BACKENDS_TASKS_SERIAL_QUEUE_H_
#define SSE_BRIDGE_BACKENDS_TASKS_SERIAL_QUEUE_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Runs asynchronous jobs with the same key one after another: a job begins when
// the one before has called its `done`, on any thread.
//
// Thread-safe. Jobs may outlive it.
class SerialQueue {
 public:
  using Job = std::function<void(std::function<void()> done)>;

  // The key is taken by value: a job may end the life of what it came from.
  void Run(std::string key, Job job) {
    {
      MutexLock lock(&state_->mu);
      state_->lines[key].jobs.push_back(std::move(job));
    }
    Drain(state_, key);
  }

 private:
  struct Line {
    std::deque<Job> jobs;
    bool busy = false;      // a job has begun and is not done
    bool draining = false;  // a thread is in Drain
  };

  struct State {
    Mutex mu;
    absl::flat_hash_map<std::string, Line> lines ABSL_GUARDED_BY(mu);
  };

  // A loop and not a recursion, however many jobs are done at once.
  static void Drain(const std::shared_ptr<State>& state,
                    const std::string& key) {
    bool first = true;
    while (true) {
      Job job;
      {
        MutexLock lock(&state->mu);
        auto found = state->lines.find(key);
        if (found == state->lines.end()) return;
        Line& line = found->second;
        if (first && line.draining) return;
        first = false;
        if (line.busy) {
          line.draining = false;
          return;
        }
        if (line.jobs.empty()) {
          state->lines.erase(found);
          return;
        }
        line.draining = true;
        line.busy = true;
        job = std::move(line.jobs.front());
        line.jobs.pop_front();
      }
      job([state, key] {
        {
          MutexLock lock(&state->mu);
          state->lines.find(key)->second.busy = false;
        }
        Drain(state, key);
      });
    }
  }

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_TASKS_SERIAL_QUEUE_H_
