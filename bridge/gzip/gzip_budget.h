#ifndef SSE_BRIDGE_BRIDGE_GZIP_GZIP_BUDGET_H_
#define SSE_BRIDGE_BRIDGE_GZIP_GZIP_BUDGET_H_

#include <atomic>
#include <cstddef>

namespace sse_bridge {

// Bounds the memory of all compressors together. Thread-safe.
class GzipBudget {
 public:
  explicit GzipBudget(size_t bytes) : limit_(bytes) {}
  GzipBudget(const GzipBudget&) = delete;
  GzipBudget& operator=(const GzipBudget&) = delete;

  // Returns false, and takes nothing, if that would exceed `percent` of the
  // limit.
  bool Take(size_t bytes, size_t percent = 100) {
    size_t used = used_.load(std::memory_order_relaxed);
    do {
      if ((used + bytes) * 100 > limit_ * percent) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes,
                                          std::memory_order_relaxed));
    return true;
  }
  void Give(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const size_t limit_;
  std::atomic<size_t> used_{0};
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GZIP_GZIP_BUDGET_H_
