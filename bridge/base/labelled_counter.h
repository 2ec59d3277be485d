#ifndef SSE_BRIDGE_BRIDGE_BASE_LABELLED_COUNTER_H_
#define SSE_BRIDGE_BRIDGE_BASE_LABELLED_COUNTER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Counts by two labels (the second may be empty), for metrics of infrequent
// events: requests, calls and their ends, but not messages. Labels must come
// from small fixed sets, never from clients. Thread-safe.
class LabelledCounter {
 public:
  using Labels = std::pair<std::string, std::string>;

  void Add(std::string first, std::string second = "", int64_t n = 1) {
    MutexLock lock(&mu_);
    counts_[{std::move(first), std::move(second)}] += n;
  }

  std::map<Labels, int64_t> Snapshot() const {
    MutexLock lock(&mu_);
    return counts_;
  }

 private:
  mutable Mutex mu_;
  std::map<Labels, int64_t> counts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_LABELLED_COUNTER_H_
