#ifndef SSE_BRIDGE_BRIDGE_HTTP_INLINE_HANDLING_H_
#define SSE_BRIDGE_BRIDGE_HTTP_INLINE_HANDLING_H_

#include <cstddef>
#include <cstdint>
#include <limits>

namespace sse_bridge {

// Decides which requests the listener's thread handles itself, which saves the
// hops to a worker and back. The thread reads and writes for all connections,
// so
//
//   - only requests with short bodies are handled there;
//   - after a handler that took long, all go to the workers for a hundred times
//     as long: slow handlers take at most a hundredth of the thread's time;
//   - if other processors are there for the workers, at most half of the time
//     is used.
//
// Not thread-safe. Times are nanoseconds of a monotonic clock.
class InlineHandling {
 public:
  static constexpr size_t kMaxBodyBytes = size_t{2} << 10;
  static constexpr int64_t kSlowNanos = 300'000;
  static constexpr int64_t kPause = 100;  // times a slow handler's time
  static constexpr int64_t kWindowNanos = 1'000'000;

  // `alone`: there is one processor.
  explicit InlineHandling(bool alone) : alone_(alone) {}

  // Whether a request with a body of this size is handled here now.
  bool May(size_t body_bytes, int64_t now) {
    if (body_bytes > kMaxBodyBytes || now < paused_until_) return false;
    if (alone_) return true;
    if (now >= window_ + kWindowNanos) {
      window_ = now;
      used_ = 0;
    }
    return used_ < kWindowNanos / 2;
  }

  // A request has been handled here.
  void Handled(int64_t began, int64_t ended) {
    const int64_t took = ended - began;
    used_ += took;
    if (took > kSlowNanos) paused_until_ = ended + kPause * took;
  }

 private:
  const bool alone_;
  int64_t paused_until_ = std::numeric_limits<int64_t>::min();
  int64_t window_ = std::numeric_limits<int64_t>::min() / 2;
  int64_t used_ = 0;  // since `window_`
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_INLINE_HANDLING_H_
