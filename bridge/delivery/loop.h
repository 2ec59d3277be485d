#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "bridge/delivery/command.h"
#include "bridge/delivery/command_executor.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/connection_table.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/loop_context.h"
#include "bridge/delivery/shared_connections.h"
#include "bridge/delivery/stats.h"
#include "bridge/net/event_loop.h"
#include "bridge/net/mailbox.h"
#include "bridge/net/timer_queue.h"
#include "bridge/net/timer_wheel.h"

namespace sse_bridge {

// One thread that owns sockets and performs all operations on them. Other
// threads reach it only through its mailbox. The mailbox is emptied completely:
// all posted frames are queued on their connections first, and then each
// affected connection is flushed once.
//
// No connection is destroyed and no membership ends while a list of them is
// iterated: connections that fail or are too slow are marked, and reaped
// afterwards.
class Loop final : private EventLoop::Handler {
 public:
  // `timers` (null for all loops except one) and whatever `on_destroyed` uses
  // must outlive the loop. `on_destroyed` is called on the loop's thread after
  // a connection is destroyed.
  Loop(int index, const Delivery::Options& options, TimerQueue* timers,
       std::function<void()> on_destroyed);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // May be called on any thread.
  absl::Status Start();
  void Stop();
  // Reserves a connection for an OpenCommand.
  ConnectionRef Reserve() {
    return ConnectionRef(this, connections_.Reserve());
  }
  // Returns false and leaves `command` unchanged once the loop has stopped.
  bool Post(Command&& command);
  void Wake() { event_loop_.Wake(); }
  void AddStats(DeliveryStats* stats) const { context_.counters.AddTo(stats); }
  size_t backlog_bytes() const { return mailbox_.backlog_bytes(); }
  int index() const { return context_.index; }
  // Connections of this loop, including those not yet opened.
  int64_t load() const { return connections_.load(); }

 private:
  void OnWake() override;
  void OnEvent(uint64_t data, uint32_t events) override;
  void OnRound() override;
  int64_t PrepareToWait() override;
  void OnStop() override;
  void FlushAll();
  void ReadMoreInput();
  void AdvanceTimers();
  void ExecuteCommands();

  // Never change after Start.
  TimerQueue* const timers_;  // must outlive this; may be null
  const int64_t window_nanos_;

  // See these classes for what may be used on any thread.
  EventLoop event_loop_;
  // Feeds stop reading while its backlog is large. Commands other than frames
  // are bounded by the number of connections.
  Mailbox<Command> mailbox_;
  LoopContext context_;
  ConnectionTable connections_;
  SharedConnections shared_;

  // Used on the loop's thread only.
  CommandExecutor executor_;
  int64_t last_execution_;  // of the commands
  std::vector<TimerNode*> due_;
  std::vector<ConnectionId> more_input_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_H_
