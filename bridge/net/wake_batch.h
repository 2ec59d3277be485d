#ifndef SSE_BRIDGE_BRIDGE_NET_WAKE_BATCH_H_
#define SSE_BRIDGE_BRIDGE_NET_WAKE_BATCH_H_

#include <memory>
#include <vector>

#include "bridge/net/poller.h"

namespace sse_bridge {

// While one exists, the loops that its thread wakes (EventLoop::Wake) are woken
// when it ends, each once. A thread that posts many commands in a row has them
// taken in one round instead of being interrupted after the first.
//
// Keep it short: nothing that was posted meanwhile is seen before. The thread
// must not wait for such a loop. Batches may be nested; the outermost counts.
class WakeBatch {
 public:
  WakeBatch() : outer_(current_) {
    if (outer_ == nullptr) current_ = this;
  }
  ~WakeBatch();
  WakeBatch(const WakeBatch&) = delete;
  WakeBatch& operator=(const WakeBatch&) = delete;

  // Returns false, and does nothing, if this thread has no batch.
  static bool Add(const std::shared_ptr<Poller>& poller);

 private:
  static thread_local WakeBatch* current_;

  WakeBatch* const outer_;
  // A loop may end before the batch does.
  std::vector<std::shared_ptr<Poller>> pollers_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_WAKE_BATCH_H_
