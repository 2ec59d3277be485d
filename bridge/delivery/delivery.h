#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_DELIVERY_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_DELIVERY_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/stats.h"
#include "bridge/net/clock.h"

namespace sse_bridge {

class Loop;
class TimerQueue;

// Owns the sockets of all open streams and the loops, one thread each, that
// write to them. It knows nothing of requests: a stream begins when an answered
// request's socket is handed to Open.
//
// Thread-safe. Nothing here blocks but Start, Stop and WaitUntilEmpty.
class Delivery {
 public:
  struct Options {
    // 0: one per core.
    int threads = 0;
    // A loop flushes at most once in so long; zero: as soon as it can. Trades
    // latency for frames per write. An idle loop never waits for it.
    absl::Duration flush_window = absl::ZeroDuration();
    // Frame bytes that may wait for one connection in this process.
    size_t queue_limit_bytes = size_t{256} << 10;
    // Unsent bytes that may wait in the kernel (TCP_NOTSENT_LOWAT), so that the
    // bound above is the one that counts; 0: the kernel's choice.
    int unsent_low_water_bytes = 64 << 10;
    // SO_SNDBUF; 0: the kernel's choice.
    int send_buffer_bytes = 0;
    // A peer that acknowledges nothing, or whose window stays shut, for so long
    // is gone (TCP_USER_TIMEOUT).
    absl::Duration user_timeout = absl::Seconds(30);
    // An ending connection has so long to take what waits for it,
    absl::Duration end_timeout = absl::Seconds(10);
    // and then the client so long to close its side, so that our close does
    // not become a reset that destroys what it has not read yet.
    absl::Duration linger = absl::Seconds(2);
    // Null: the machine's. Must outlive the Delivery.
    Clock* clock = nullptr;
  };

  // Names a timer, for Cancel.
  using TimerId = uint64_t;

  explicit Delivery(Options options);
  // Stops.
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // Once, before anything else.
  absl::Status Start();

  // Closes every connection at once (OnClosed with kDrain, on the loops),
  // forgets the timers and joins the threads. Not from a loop thread. What is
  // asked afterwards has no effect, and no observer is called any more.
  void Stop();

  // Takes over a stream. After Stop the descriptor is closed and OnClosed is
  // called before this returns.
  ConnectionRef Open(StreamSpec spec);

  // A frame for one connection only, with SlowPolicy::kDisconnect. Not
  // rewritten.
  void Send(ConnectionRef connection, FramePtr frame);

  // Ends the connection after what waits and `last` (may be null, not
  // rewritten) are flushed; with kClientGone and kError without `last`, at
  // once. Its memberships end.
  void Close(ConnectionRef connection, CloseReason reason, FramePtr last);

  // Ends all connections with kDrain and `last` (may be null), evenly over
  // `window`. Those opened from now on end at once. See StreamSpec::retry.
  void CloseAll(absl::Duration window, FramePtr last);

  // False when connections are left at `deadline` (real time, not the clock's).
  // Connections that linger after their end count.
  bool WaitUntilEmpty(absl::Time deadline);

  // Runs `task` on a loop thread, not before `delay` has passed; it must not
  // block.
  TimerId RunAfter(absl::Duration delay, std::function<void()> task);
  // True: the task has not started and will not.
  bool Cancel(TimerId timer);

  // Of the clock that timers run by.
  int64_t MonotonicNanos() const { return clock_->MonotonicNanos(); }

  size_t queue_limit_bytes() const { return options_.queue_limit_bytes; }

  DeliveryStats Stats() const;

  // The bytes of frames that were published and not taken up by the busiest
  // loop yet. A feed that outruns the loops may pause while this is large.
  size_t BacklogBytes() const;

  int threads() const { return static_cast<int>(loops_.size()); }

  // Makes the loops look at the clock, after it jumped. For tests.
  void WakeLoops();

 private:
  friend class Topic;

  void ConnectionDestroyed();

  const Options options_;
  Clock* const clock_;  // outlives this
  const std::unique_ptr<TimerQueue> timers_;
  std::vector<std::unique_ptr<Loop>> loops_;  // fixed from the constructor on

  std::atomic<uint32_t> next_loop_{0};
  // Opened and not destroyed yet.
  std::atomic<int64_t> alive_{0};

  Mutex mu_;
  std::condition_variable_any empty_;
  bool started_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_DELIVERY_H_
