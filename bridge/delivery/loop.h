#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/loop_connection.h"
#include "bridge/delivery/send_queue.h"
#include "bridge/delivery/stats.h"
#include "bridge/delivery/topic.h"
#include "bridge/delivery/topic_local.h"
#include "bridge/net/clock.h"
#include "bridge/net/timer_queue.h"
#include "bridge/net/timer_wheel.h"

namespace sse_bridge {

// One thread that owns sockets and performs all operations on them. Other
// threads reach it only through its inbox. The inbox is drained completely: all
// posted frames are queued on their connections first, and then each affected
// connection is flushed once.
//
// No connection is destroyed and no membership ends while a list of them is
// iterated: connections that fail or are too slow are marked, and reaped
// afterwards.
//
// loop.cc          the thread: polling, socket events, timers
// loop_commands.cc commands, memberships, the end of connections
// loop_output.cc   moves frames to queues and sockets
class Loop {
 public:
  // A request from another thread.
  struct Command {
    enum class Kind : uint8_t {
      kOpen,      // slot, spec
      kPublish,   // topic, frame
      kAttach,    // slot, topic, attach, flag: more
      kContinue,  // slot, topic, attach, flag: more
      kDetach,    // slot, topic
      kEnd,       // topic, frame, flag: an error
      kSend,      // slot, frame
      kClose,     // slot, reason, frame
      kDrain,     // window, frame
    };
    struct Attachment {
      MembershipOptions options;
      std::vector<FramePtr> first;
    };

    Kind kind = Kind::kPublish;
    bool flag = false;
    CloseReason reason = CloseReason::kEnded;
    uint32_t slot = 0;
    uint32_t generation = 0;
    FramePtr frame;
    std::shared_ptr<Topic> topic;
    std::unique_ptr<Attachment> attach;
    std::unique_ptr<StreamSpec> spec;
    int64_t window = 0;
  };

  // `clock`, `timers` (null for all loops except one) and whatever
  // `on_destroyed` uses must outlive the loop. `on_destroyed` is called on the
  // loop's thread after a connection is destroyed.
  Loop(int index, const Delivery::Options& options, Clock* clock,
       TimerQueue* timers, std::function<void()> on_destroyed);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // May be called on any thread.
  absl::Status Start();
  void Stop();
  // Reserves a connection's slot and generation for a kOpen command.
  ConnectionRef Reserve();
  // Returns false and leaves `command` unchanged once the loop has stopped.
  bool Post(Command&& command);
  void Wake();
  void AddStats(DeliveryStats* stats) const;
  size_t backlog_bytes() const {
    return backlog_bytes_.load(std::memory_order_relaxed);
  }
  int index() const { return index_; }
  // Connections of this loop, including those not yet opened.
  int64_t load() const { return load_.load(std::memory_order_relaxed); }

 private:
  using State = LoopConnection::State;
  using Membership = LoopConnection::Membership;

  // A number that one thread writes and any thread may read.
  class Counter {
   public:
    void Add(uint64_t n) {
      value_.store(value_.load(std::memory_order_relaxed) + n,
                   std::memory_order_relaxed);
    }
    void Sub(uint64_t n) { Add(-n); }
    uint64_t value() const { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<uint64_t> value_{0};
  };
  // A histogram of durations in nanoseconds. One thread writes, any thread may
  // read.
  class Histogram {
   public:
    void Record(int64_t nanos) {
      const uint64_t n = nanos < 0 ? 0 : static_cast<uint64_t>(nanos);
      counts_[HistogramStats::BucketOf(n)].Add(1);
      sum_.Add(n);
    }
    void AddTo(HistogramStats* stats) const {
      for (size_t i = 0; i < counts_.size(); ++i) {
        stats->counts[i] += counts_[i].value();
      }
      stats->sum_nanos += sum_.value();
    }

   private:
    std::array<Counter, HistogramStats::kBuckets> counts_;
    Counter sum_;
  };
  struct Counters {
    Counter open, opened, events, bytes, writes, keep_alives, conflated,
        dropped, slow_disconnects, queue_bytes;
    Histogram latency, lag;
  };
  struct Slot {
    std::unique_ptr<LoopConnection> connection;
    uint32_t generation = 0;
  };

  // loop.cc
  void Run();
  // How long to sleep; -1 means until woken.
  int64_t WaitNanos();
  void HandleEvent(uint64_t data, uint32_t events);
  void ReadInput(LoopConnection* c);
  void ReadMoreInput();
  double Random(double from, double to);
  void AdvanceTimers();
  void OnTimer(LoopConnection* c);
  void Rearm(LoopConnection* c);
  void Shutdown();

  // loop_commands.cc
  void DrainInbox();
  void Execute(Command* command);
  void OpenConnection(uint32_t slot, uint32_t generation, StreamSpec spec);
  void Attach(Command* command);
  void Continue(Command* command);
  void Detach(LoopConnection* c, const Topic* topic);
  void EndTopic(const std::shared_ptr<Topic>& topic, const FramePtr& last,
                bool error);
  void Drain(int64_t window, FramePtr last);
  void SetDeadlines(LoopConnection* c, const StreamSpec& spec);
  LoopConnection* Find(uint32_t slot, uint32_t generation);
  // Removes both ends of a membership. May destroy the topic unless the caller
  // holds a reference to it.
  void RemoveMembership(LoopConnection* c, uint32_t index);
  void LeaveAll(LoopConnection* c);
  void BeginEnd(LoopConnection* c, CloseReason reason, const FramePtr& last);
  void TellRetry(LoopConnection* c);
  void FinishEnd(LoopConnection* c);
  void MarkDead(LoopConnection* c, CloseReason reason);
  void MarkSlow(LoopConnection* c);
  void TellClosed(LoopConnection* c);
  void Destroy(LoopConnection* c);
  // Ends and destroys the connections that were marked during iteration.
  void Reap();

  // loop_output.cc
  void AddToRun(std::shared_ptr<Topic> topic, FramePtr frame);
  void DispatchRuns();
  void DispatchRun(Topic* topic, bool only_one);
  void RecordLatency(const std::vector<FramePtr>& run);
  void SendDirect(LoopConnection* c, Topic* topic, Membership* membership,
                  absl::string_view wire, uint64_t events);
  void EnqueueFromTopic(LoopConnection* c, Topic* topic, Membership* membership,
                        const FramePtr& frame, bool counted);
  // Records a frame's condition. Returns false if the frame must not be sent on
  // this connection.
  static bool NoteCondition(LoopConnection* c, Membership* membership,
                            int condition);
  // Queues a frame that is subject to a SlowPolicy.
  void Enqueue(LoopConnection* c, SendEntry entry);
  bool Overfull(const LoopConnection* c, size_t size) const;
  // Returns false if the entry must not be queued.
  bool MakeSpace(LoopConnection* c, const SendEntry& entry);
  // Queues a frame that no policy applies to: a head, ping or last frame.
  void EnqueueOwn(LoopConnection* c, FramePtr frame, bool raw);
  // Queues the rewriter's end frame, created once all frames before it are
  // rewritten. `last` may be null.
  void EnqueueEnd(LoopConnection* c, const FramePtr& last);
  // Rewrites the frames that are sent next.
  void RewriteNext(LoopConnection* c);
  void EnqueueLast(LoopConnection* c, const Membership& membership,
                   const FramePtr& last);
  void Push(LoopConnection* c, SendEntry entry);
  void MarkDirty(LoopConnection* c);
  void FlushDirty();
  void Flush(LoopConnection* c);
  // Returns the number of bytes sent, or a constant of Transport.
  ssize_t Write(LoopConnection* c, const iovec* parts, int count);
  // Releases an entry that was sent or dropped.
  void Release(SendEntry entry);
  void Account(Topic* topic, size_t bytes);
  void ReportSent();
  // Called when the queue is empty: requests the next part for loading members.
  void AskForMore(LoopConnection* c);
  void ReportAsks();
  void Use(Topic* topic);
  void Unuse(Topic* topic);
  TopicLocal& LocalOf(Topic* topic);

  // Never change after construction.
  const int index_;
  const Delivery::Options options_;
  Clock* const clock_;        // must outlive this
  TimerQueue* const timers_;  // must outlive this; may be null
  const std::function<void()> on_destroyed_;
  const int64_t window_nanos_;
  const FramePtr ping_;
  const FramePtr last_chunk_;
  int epoll_ = -1;
  int wake_ = -1;
  std::thread thread_;

  // Used on any thread.
  Mutex mu_;
  std::vector<Command> inbox_ ABSL_GUARDED_BY(mu_);
  bool asleep_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<uint32_t> free_slots_ ABSL_GUARDED_BY(mu_);
  std::vector<uint32_t> generations_ ABSL_GUARDED_BY(mu_);  // by slot
  size_t inbox_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::atomic<size_t> backlog_bytes_{0};  // in the inbox and the batch
  std::atomic<int64_t> load_{0};
  Counters counters_;  // written on the loop's thread

  // Used on the loop's thread only.
  int64_t now_ = 0;         // read once per round
  int64_t last_drain_ = 0;  // when the inbox was drained last
  std::vector<Slot> slots_;
  std::vector<Command> batch_;
  std::vector<std::shared_ptr<Topic>> runs_;  // topics with a run
  std::vector<LoopConnection*> dirty_;
  std::vector<LoopConnection*> slow_;
  std::vector<LoopConnection*> dead_;
  std::vector<uint64_t> more_input_;  // slot and generation
  std::vector<std::shared_ptr<Topic>> reports_;
  std::vector<std::pair<std::shared_ptr<Topic>, ConnectionRef>> asks_;
  // Dead connections that lists of this round may still point to.
  std::vector<std::unique_ptr<LoopConnection>> graveyard_;
  std::vector<TimerNode*> due_;
  std::vector<SendEntry> taken_;
  std::string run_bytes_;  // the concatenated frames of a run
  SendEntryPool pool_;
  TimerWheel wheel_;
  std::minstd_rand random_;
  bool draining_ = false;
  FramePtr drain_frame_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_H_
