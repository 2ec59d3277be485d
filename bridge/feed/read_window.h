#ifndef SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_
#define SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sse_bridge {

// Decides when a feed asks its call for the next message. A feed of one
// subscriber does not while more than kBytes wait for its browser, so that
// gRPC's flow control holds the backend; a shared feed always does.
//
// Published and Sent are thread-safe; the feed's lock protects the rest.
class ReadWindow {
 public:
  static constexpr int64_t kBytes = 64 << 10;

  explicit ReadWindow(bool shared) : shared_(shared) {}

  // Bytes were handed to delivery. Without effect for a shared feed.
  void Published(size_t bytes);

  // Bytes were sent or given up. True: so little waits that a paused call goes
  // on, see Resume.
  bool Sent(size_t bytes);

  // A call begins.
  void Reset();

  // A message was taken: whether the next one is asked for now. Else it is when
  // Resume says so, or, if the call is not `known` yet, when TakeOwed does.
  bool AskNext(bool known);

  // Sent was true: whether the next message is asked for now.
  bool Resume(bool known);

  // The call has become known: whether the next message is asked for now.
  bool TakeOwed();

 private:
  const bool shared_;
  std::atomic<int64_t> unsent_{0};
  bool paused_ = false;
  bool owed_ = false;  // until the call is known
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_
