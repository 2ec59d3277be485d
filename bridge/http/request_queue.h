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

// Complete requests that wait for a worker. The cost of a request grows with
// its body, so requests with short bodies go first, and if there are several
// workers, one of them takes only those: a cheap request never waits for an
// expensive one. After a few short requests a long one is taken, so that it
// does not wait forever.
//
// Thread-safe.
class RequestQueue {
 public:
  // A body of up to this size is short: it is bound to the request message in
  // less than a millisecond.
  static constexpr size_t kShortBodyBytes = size_t{8} << 10;

  // How many short requests go before a waiting long one.
  static constexpr int kShortBeforeLong = 8;

  explicit RequestQueue(size_t max_waiting) : max_waiting_(max_waiting) {}

  // Returns false if the queue is full or stopped.
  bool Push(std::shared_ptr<HttpExchange> exchange);

  enum class For { kAll, kShortOnly };

  // Waits for the next request and returns it. Returns null once the queue is
  // stopped.
  std::shared_ptr<HttpExchange> Take(For worker);

  // Makes Take return null from now on. Waiting requests stay in the queue
  // until it is destroyed.
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
  int short_in_a_row_ ABSL_GUARDED_BY(mu_) = 0;  // taken while a long one waits
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_REQUEST_QUEUE_H_
