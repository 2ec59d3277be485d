#include "bridge/net/wake_batch.h"

#include <algorithm>

namespace sse_bridge {

thread_local WakeBatch* WakeBatch::current_ = nullptr;

WakeBatch::~WakeBatch() {
  if (current_ != this) return;
  current_ = nullptr;
  for (const auto& poller : pollers_) poller->Wake();
}

bool WakeBatch::Add(const std::shared_ptr<Poller>& poller) {
  if (current_ == nullptr) return false;
  std::vector<std::shared_ptr<Poller>>& all = current_->pollers_;
  if (std::find(all.begin(), all.end(), poller) == all.end()) {
    all.push_back(poller);
  }
  return true;
}

}  // namespace sse_bridge
