#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_TABLE_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_TABLE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/loop_connection.h"
#include "bridge/delivery/loop_context.h"

namespace sse_bridge {

// Owns the connections of one loop.
class ConnectionTable {
 public:
  // `context` must outlive the table. `on_destroyed` is called on the loop's
  // thread after a connection has been closed.
  ConnectionTable(LoopContext* context, std::function<void()> on_destroyed);
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // May be called on any thread.
  //
  // Reserves the id of a connection that will be opened.
  ConnectionId Reserve();
  // The number of connections, including those not yet opened.
  int64_t load() const { return load_.load(std::memory_order_relaxed); }

  // All others are called on the loop's thread.
  //
  // Opens the connection with a reserved id.
  LoopConnection* Open(ConnectionId id, StreamSpec* spec);
  // Returns null if the connection is not yet open or has been closed.
  LoopConnection* Find(ConnectionId id);
  // Returns the connections in state kOpen.
  std::vector<LoopConnection*> AllOpen() const;
  void MarkAllDead(CloseReason reason);

  // Ends the connections of the context's list `slow`, and closes those of
  // `dead`. Closed connections stay in memory until ForgetClosed, because lists
  // of this round may still point to them.
  void Reap();
  // Flushes the connections of the context's list `unflushed`, and reaps.
  void Flush();
  void ForgetClosed() { closed_.clear(); }

 private:
  struct Slot {
    std::unique_ptr<LoopConnection> connection;
    uint32_t generation = 0;
  };

  void Close(LoopConnection* c);

  // Never change.
  LoopContext* const context_;
  const std::function<void()> on_destroyed_;

  // Used on any thread.
  std::atomic<int64_t> load_{0};
  Mutex mu_;
  std::vector<uint32_t> free_slots_ ABSL_GUARDED_BY(mu_);
  std::vector<uint32_t> generations_ ABSL_GUARDED_BY(mu_);  // by slot

  // Used on the loop's thread only.
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<LoopConnection>> closed_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_TABLE_H_
