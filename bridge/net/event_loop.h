#ifndef SSE_BRIDGE_BRIDGE_NET_EVENT_LOOP_H_
#define SSE_BRIDGE_BRIDGE_NET_EVENT_LOOP_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "bridge/net/clock.h"
#include "bridge/net/network.h"
#include "bridge/net/poller.h"
#include "bridge/net/wake_batch.h"

namespace sse_bridge {

// A thread that waits for events of sockets, for deadlines and for Wake, in
// rounds, unless a simulated Network runs the rounds. The handler owns the
// sockets, the deadlines and the Mailbox of commands from other threads.
//
// Methods may be called on any thread unless noted.
class EventLoop {
 public:
  static constexpr int64_t kNow = std::numeric_limits<int64_t>::min();
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // Called on the loop's thread.
  class Handler {
   public:
    // A round begins: now() has changed. Calls Mailbox::WokeUp.
    virtual void OnWake() = 0;

    // As Poller::Wait reports it. An earlier event of the round may have closed
    // the socket.
    virtual void OnEvent(uint64_t data, uint32_t events) = 0;

    // After the events of a round. Executes commands and handles deadlines.
    virtual void OnRound() = 0;

    // Before the loop waits. Returns when the next round must begin at the
    // latest: a time of the clock, kNow or kNever. Returns kNow if
    // Mailbox::PrepareToSleep returns false.
    virtual int64_t PrepareToWait() = 0;

    // The last call. If the thread was never started, it is made on the thread
    // that calls Stop.
    virtual void OnStop() = 0;

   protected:
    ~Handler() = default;
  };

  // `network`, `clock` and `handler` must outlive the loop. `name` is that of
  // the thread, with at most 15 characters.
  EventLoop(Network* network, Clock* clock, Handler* handler, std::string name);
  ~EventLoop() = default;  // Stop must have returned
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Opens the poller, so that sockets can be added. Called once, before Start.
  absl::Status Open();

  // Starts the thread, which receives no signals, unless the network runs the
  // loop. Called once.
  void Start();

  // Ends the thread after the current round, and waits for that. Must not be
  // called on the thread, or in a round. Later calls have no effect.
  void Stop();

  // Makes the loop begin a round, at the end of the calling thread's WakeBatch
  // if it has one. Has no effect before Open.
  void Wake() {
    if (!WakeBatch::Add(poller_)) poller_->Wake();
  }

  // See its methods for the threads that may use it.
  Poller* poller() { return poller_.get(); }

  // For a network that runs the loop, on one thread.
  //
  // Returns when the next round must begin if the poller has no event before:
  // a time of the clock, kNow or kNever. Called after Start and after each
  // round.
  int64_t PrepareToWait() { return handler_->PrepareToWait(); }
  // Runs a round with the events that the poller has now. Returns false, and
  // does nothing, after Stop.
  bool RunRound() { return !stop_ && RunRound(/*wait_nanos=*/0); }

  // The time at which the current round began, in nanoseconds of the clock.
  // Called on the loop's thread, or before Start.
  int64_t now() const { return now_; }

 private:
  void Run();
  bool RunRound(int64_t wait_nanos);
  int64_t WaitNanos();

  // Never change.
  Network* const network_;
  Clock* const clock_;
  Handler* const handler_;
  const std::string name_;

  const std::shared_ptr<Poller> poller_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  int64_t now_;  // used on the loop's thread only
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_EVENT_LOOP_H_
