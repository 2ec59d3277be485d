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
#include "bridge/net/network.h"

namespace sse_bridge {

class Loop;
class SharedConnection;
class TimerQueue;

// Owns the sockets of all open streams and the loops that write to them, one
// thread each. Independent of requests: a stream begins when the socket of an
// answered request is passed to Open.
//
// Thread-safe. Only Start, Stop and WaitUntilEmpty block.
class Delivery {
 public:
  struct Options {
    // Number of loops. 0 means one per usable core (UsableCpus).
    int threads = 0;
    // Minimum time between two flushes of a loop; zero flushes immediately.
    // Trades latency for more frames per write. An idle loop does not wait.
    absl::Duration flush_window = absl::ZeroDuration();
    // Maximum frame bytes queued per connection in this process.
    size_t queue_limit_bytes = size_t{256} << 10;
    // Maximum unsent bytes per connection in the kernel (TCP_NOTSENT_LOWAT), so
    // that the limit above takes effect. 0 means the kernel's default.
    int unsent_low_water_bytes = 64 << 10;
    // SO_SNDBUF. 0 means the kernel's default.
    int send_buffer_bytes = 0;
    // A peer that acknowledges nothing, or whose window stays closed, for this
    // long is considered gone (TCP_USER_TIMEOUT).
    absl::Duration user_timeout = absl::Seconds(30);
    // How long an ending connection may take to receive its queued frames.
    absl::Duration end_timeout = absl::Seconds(10);
    // How long the client may then take to close its side. Closing earlier
    // could cause a reset, which destroys data that the client has not read.
    absl::Duration linger = absl::Seconds(2);
    // What the loops run on. Must outlive the Delivery.
    Network* network = Network::Real();
    Clock* clock = Clock::Real();
  };

  // Identifies a timer, for Cancel.
  using TimerId = uint64_t;

  explicit Delivery(Options options);
  // Calls Stop.
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // Called once, before any other method.
  absl::Status Start();

  // Closes every connection immediately (OnClosed with kDrain, on the loops),
  // drops the timers and joins the threads. Must not be called on a loop
  // thread. Later calls have no effect, and observers are no longer called.
  void Stop();

  // Takes over a stream. After Stop, closes the descriptor and calls OnClosed
  // before it returns.
  ConnectionRef Open(StreamSpec spec);

  // Takes over a connection that carries streams; a loop owns it from now on.
  // Returns false, and drops it, after Stop.
  bool Adopt(std::shared_ptr<SharedConnection> connection);
  // Calls `call` on the thread of the loop that has the index given to the
  // connection by SharedConnection::Open, unless Delivery is stopped first.
  bool Call(int loop, std::function<void()> call);

  // Sends a frame to one connection, with SlowPolicy::kDisconnect. It is not
  // rewritten.
  void Send(ConnectionRef connection, FramePtr frame);

  // Ends the connection's memberships of this group (MembershipOptions::group),
  // and refuses those that are attached to it later: their observers are told.
  // Frames published before this call are still sent.
  void Leave(ConnectionRef connection, int group);

  // Ends the connection and its memberships after the queued frames and `last`
  // (may be null, not rewritten) are flushed. With kClientGone or kError and no
  // `last`, the connection ends immediately.
  void Close(ConnectionRef connection, CloseReason reason, FramePtr last);

  // Ends all connections with kDrain and `last` (may be null), spread evenly
  // over `window`. Connections opened from now on end immediately. See
  // StreamSpec::retry.
  void CloseAll(absl::Duration window, FramePtr last);

  // Waits until no connections are left. Returns false if some are at
  // `deadline`, which is real time, not the time of Options::clock. Connections
  // that linger after their end count.
  bool WaitUntilEmpty(absl::Time deadline);

  // Runs `task` on a loop thread after at least `delay`. The task must not
  // block.
  TimerId RunAfter(absl::Duration delay, std::function<void()> task);
  // Returns true if the task has not started and will not.
  bool Cancel(TimerId timer);

  // The times of the clock that drives the timers and deadlines.
  int64_t MonotonicNanos() const { return options_.clock->MonotonicNanos(); }
  absl::Time WallTime() const { return options_.clock->WallTime(); }

  size_t queue_limit_bytes() const { return options_.queue_limit_bytes; }

  DeliveryStats Stats() const;

  // The bytes of published frames that the busiest loop has not processed. A
  // feed that outruns the loops may pause while this is large.
  size_t BacklogBytes() const;

  int threads() const { return static_cast<int>(loops_.size()); }

  // For Topic: the loop with this index, which is less than threads().
  Loop* loop(int index) const { return loops_[index].get(); }

  // Makes the loops read the clock after it jumped. For tests.
  void WakeLoops();

 private:
  void ConnectionDestroyed();
  // The least loaded loop, and among equals the next in turn.
  Loop* LeastLoaded();

  const Options options_;
  const std::unique_ptr<TimerQueue> timers_;
  std::vector<std::unique_ptr<Loop>> loops_;  // fixed after construction

  std::atomic<uint32_t> next_loop_{0};
  // Connections opened and not yet destroyed.
  std::atomic<int64_t> alive_{0};

  Mutex mu_;
  std::condition_variable_any empty_;
  bool started_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_DELIVERY_H_
