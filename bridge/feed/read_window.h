#ifndef SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_
#define SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sse_bridge {

// Decides when a feed requests the next message of its call. An exclusive feed
// pauses while more than kBytes are queued for its browser, so that gRPC's flow
// control stops the backend. A shared feed never pauses.
//
// Published and Sent are thread-safe; the feed's lock protects the rest.
class ReadWindow {
 public:
  static constexpr int64_t kBytes = 64 << 10;

  explicit ReadWindow(bool shared) : shared_(shared) {}

  // Records bytes passed to delivery. No effect for a shared feed.
  void Published(size_t bytes);

  // Records bytes that were sent or dropped. Returns true if so few are left
  // that a paused call may continue, see Resume.
  bool Sent(size_t bytes);

  // A call starts.
  void Reset();

  // A message was received. Returns whether to request the next one now.
  // Otherwise Resume reports when or, if the call is not `known` yet, TakeOwed.
  bool AskNext(bool known);

  // Call after Sent returned true. Returns whether to request the next message
  // now.
  bool Resume(bool known);

  // The call has become known. Returns whether to request the next message now.
  bool TakeOwed();

 private:
  const bool shared_;
  std::atomic<int64_t> unsent_{0};
  bool paused_ = false;
  bool owed_ = false;  // the call is not known yet
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_READ_WINDOW_H_
