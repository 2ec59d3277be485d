#ifndef SSE_BRIDGE_BRIDGE_HTTP_REQUEST_QUEUE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_REQUEST_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// Complete requests that wait for a worker. What a request costs a worker grows
// with its body, so those with short bodies go first, and where there are
// several workers one of them takes no others: a cheap request never waits for
// an expensive one. Those with long bodies have their turn after a few short
// ones, so that they do not wait for ever.
//
// Thread-safe.
class RequestQueue {
 public:
  // A body of up to this size is short: it is bound in less than a millisecond.
  static constexpr size_t kShortBodyBytes = size_t{8} << 10;

  // So many short ones go before a long one that waits.
  static constexpr int kShortBeforeLong = 8;

  explicit RequestQueue(size_t max_waiting) : max_waiting_(max_waiting) {}

  // False: the queue is full, or the queue is stopped.
  bool Push(std::shared_ptr<HttpExchange> exchange);

  enum class For { kAll, kShortOnly };

  // The next request; waits for it. Null once the queue is stopped.
  std::shared_ptr<HttpExchange> Take(For worker);

  // Nothing is given out from now on. What waits stays until the queue goes.
  void Stop();

 private:
  bool HasWorkFor(For worker) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !short_.empty() || (worker == For::kAll && !long_.empty());
  }

  const size_t max_waiting_;
  Mutex mu_;
  std::condition_variable_any for_all_, for_short_only_;
  int idle_short_only_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<std::shared_ptr<HttpExchange>> short_ ABSL_GUARDED_BY(mu_);
  std::deque<std::shared_ptr<HttpExchange>> long_ ABSL_GUARDED_BY(mu_);
  int short_in_a_row_ ABSL_GUARDED_BY(mu_) = 0;  // while a long one waits
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_REQUEST_QUEUE_H_
