#ifndef SSE_BRIDGE_BRIDGE_NET_TIMER_WHEEL_H_
#define SSE_BRIDGE_BRIDGE_NET_TIMER_WHEEL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sse_bridge {

// One timer, embedded in its owner. Leaves its wheel when destroyed.
struct TimerNode {
  TimerNode() = default;
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  ~TimerNode() { Unlink(); }

  bool linked() const { return next != nullptr; }
  void Unlink();

  TimerNode* prev = nullptr;
  TimerNode* next = nullptr;
  int64_t tick = 0;
  void* owner = nullptr;  // not used by the wheel
};

// A hashed timer wheel: arming and cancelling are O(1), and a tick visits the
// timers of one slot. Times are nanoseconds of a monotonic clock.
//
// Not thread-safe.
class TimerWheel {
 public:
  static constexpr int64_t kTickNanos = 100'000'000;

  explicit TimerWheel(int64_t now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires in the tick that contains `deadline`, that is, up to one tick early
  // and never late, but not before the next Advance that reaches a new tick.
  // Moves a node that is already armed.
  void Arm(TimerNode* node, int64_t deadline);

  // Unlinks the due nodes and appends them to `due`.
  void Advance(int64_t now, std::vector<TimerNode*>* due);

  // The time at which the next tick begins.
  int64_t NextTick() const { return (tick_ + 1) * kTickNanos; }

 private:
  static constexpr size_t kSlots = 512;

  int64_t tick_;                  // the last one advanced to
  std::vector<TimerNode> slots_;  // heads of circular lists
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_TIMER_WHEEL_H_
