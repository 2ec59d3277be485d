#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_SHARED_CONNECTIONS_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_SHARED_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/delivery/loop_context.h"
#include "bridge/delivery/shared_connection.h"
#include "bridge/net/poller.h"
#include "bridge/net/timer_wheel.h"

namespace sse_bridge {

// The shared connections of one loop. Used on the loop's thread only.
class SharedConnections final : public SharedConnectionHost {
 public:
  // Receives what Report is called with.
  using Reported = std::function<void(uint64_t data, uint32_t events)>;

  // `context` and `poller` must outlive this. `on_destroyed` is called for each
  // connection that is forgotten.
  SharedConnections(LoopContext* context, Poller* poller, Reported reported,
                    std::function<void()> on_destroyed);
  SharedConnections(const SharedConnections&) = delete;
  SharedConnections& operator=(const SharedConnections&) = delete;

  // Whether the data of a Poller's event is that of a shared connection. Those
  // of others have a generation in these bits, which never gets so large.
  static bool Owns(uint64_t data) { return data >> 63 != 0; }

  void Add(std::shared_ptr<SharedConnection> connection);
  void OnEvent(uint64_t data, uint32_t events);
  void AdvanceTimers();
  bool needs_timer() const { return !connections_.empty(); }

  // Flushes the connections that FlushLater was called for. Returns false if
  // there were none. The pinned frames of the context are released.
  bool Flush();
  // Forgets what was removed.
  void Forget() { forgotten_.clear(); }

  void Drain();
  void CloseAll();

  int index() const override { return context_->index; }
  int64_t now() const override { return context_->now; }
  StreamSocketOptions socket_options() const override;
  void FlushLater(SharedConnection* connection) override;
  void SetTimer(SharedConnection* connection, int64_t deadline) override;
  void Report(uint64_t data, uint32_t events) override;
  void CountWrites(uint64_t writes) override;
  void Remove(SharedConnection* connection) override;

 private:
  static constexpr uint64_t kBit = uint64_t{1} << 63;

  LoopContext* const context_;
  Poller* const poller_;
  const Reported reported_;
  const std::function<void()> on_destroyed_;
  TimerWheel wheel_;
  uint64_t last_number_ = 0;
  bool draining_ = false;
  absl::flat_hash_map<uint64_t, std::shared_ptr<SharedConnection>> connections_;
  std::vector<SharedConnection*> unflushed_;
  std::vector<std::shared_ptr<SharedConnection>> forgotten_;
  std::vector<TimerNode*> due_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_SHARED_CONNECTIONS_H_
