#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_CALLBACK_THREAD_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_CALLBACK_THREAD_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Runs an engine's callbacks on its own thread, in order, so that writing does
// not wait for them. Thread-safe.
class CallbackThread {
 public:
  CallbackThread() : thread_([this] { Run(); }) {}

  ~CallbackThread() { Close(); }

  // Runs all callbacks, including those posted meanwhile, and ends the thread.
  void Close() {
    {
      MutexLock lock(&mu_);
      stop_ = true;
    }
    wanted_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void Post(std::function<void()> call) {
    MutexLock lock(&mu_);
    calls_.push_back(std::move(call));
    wanted_.notify_one();
  }

  // Number of queued callbacks.
  size_t waiting() const {
    MutexLock lock(&mu_);
    return calls_.size();
  }

 private:
  void Run() {
    while (true) {
      std::function<void()> call;
      {
        MutexLock lock(&mu_);
        while (calls_.empty() && !stop_) wanted_.wait(mu_);
        if (calls_.empty()) return;
        call = std::move(calls_.front());
        calls_.pop_front();
      }
      call();
    }
  }

  mutable Mutex mu_;
  std::condition_variable_any wanted_;
  std::deque<std::function<void()>> calls_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_CALLBACK_THREAD_H_
