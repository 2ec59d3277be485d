#include "bridge/http/request_queue.h"

#include <utility>

namespace sse_bridge {

bool RequestQueue::Push(std::shared_ptr<HttpExchange> exchange) {
  // No worker has the exchange yet, so its body is still complete.
  const bool is_short = exchange->body().size() <= kShortBodyBytes;
  MutexLock lock(&mu_);
  if (stopped_ || short_.size() + long_.size() >= max_waiting_) return false;
  (is_short ? short_ : long_).push_back(std::move(exchange));
  if (is_short && idle_short_only_ > 0) {
    for_short_only_.notify_one();
  } else {
    for_all_.notify_one();
  }
  return true;
}

std::shared_ptr<HttpExchange> RequestQueue::Take(For worker) {
  MutexLock lock(&mu_);
  while (!stopped_ && !HasWorkFor(worker)) {
    if (worker == For::kShortOnly) {
      ++idle_short_only_;
      for_short_only_.wait(mu_);
      --idle_short_only_;
    } else {
      for_all_.wait(mu_);
    }
  }
  if (stopped_) return nullptr;
  const bool take_long =
      worker == For::kAll && !long_.empty() &&
      (short_.empty() || short_in_a_row_ >= kShortBeforeLong);
  if (take_long) {
    short_in_a_row_ = 0;
  } else if (worker == For::kAll && !long_.empty()) {
    ++short_in_a_row_;
  }
  std::deque<std::shared_ptr<HttpExchange>>& from = take_long ? long_ : short_;
  std::shared_ptr<HttpExchange> exchange = std::move(from.front());
  from.pop_front();
  return exchange;
}

void RequestQueue::Stop() {
  MutexLock lock(&mu_);
  stopped_ = true;
  for_all_.notify_all();
  for_short_only_.notify_all();
}

}  // namespace sse_bridge
