#ifndef SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_
#define SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sse_bridge {

// Decides when a feed reads its call's next message. An exclusive feed pauses
// while more than kBytes are waiting for its subscriber, so that gRPC's flow
// control stops the backend. A shared feed always reads on.
//
// The feed may know its call only after the first message has arrived (`known`
// is false until then). A read that is due before that is owed, see TakeOwed.
//
// Published and Sent are thread-safe; the feed's lock protects the rest.
class ReadWindow {
 public:
  static constexpr int64_t kBytes = 64 << 10;

  explicit ReadWindow(bool shared) : shared_(shared) {}

  // Bytes have been passed to delivery. No effect for a shared feed.
  void Published(size_t bytes);

  // Bytes have been sent or discarded. Returns true if so few are waiting that
  // a paused call continues: call Resume.
  bool Sent(size_t bytes);

  // A new call begins.
  void Reset();

  // A message has been published. Returns whether to read the next one now.
  bool AskNext(bool known);

  // Call after Sent has returned true. Returns whether to read the next message
  // now.
  bool Resume(bool known);

  // The call has become known. Returns whether to read the next message now.
  bool TakeOwed();

 private:
  const bool shared_;
  std::atomic<int64_t> unsent_{0};
  bool paused_ = false;
  bool owed_ = false;  // until the call is known
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_
