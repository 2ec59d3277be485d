#include "bridge/net/timer_wheel.h"

#include <algorithm>

namespace sse_bridge {

void TimerNode::Unlink() {
  if (next == nullptr) return;
  prev->next = next;
  next->prev = prev;
  prev = next = nullptr;
}

TimerWheel::TimerWheel(int64_t now) : tick_(now / kTickNanos), slots_(kSlots) {
  for (TimerNode& head : slots_) head.prev = head.next = &head;
}

void TimerWheel::Arm(TimerNode* node, int64_t deadline) {
  node->Unlink();
  node->tick = std::max(deadline / kTickNanos, tick_ + 1);
  TimerNode* const head = &slots_[node->tick % kSlots];
  node->prev = head->prev;
  node->next = head;
  head->prev->next = node;
  head->prev = node;
}

void TimerWheel::Advance(int64_t now, std::vector<TimerNode*>* due) {
  const int64_t target = now / kTickNanos;
  if (target <= tick_) return;
  // After a long pause, visit each slot once rather than once per tick.
  const int64_t steps = std::min(target - tick_, static_cast<int64_t>(kSlots));
  for (int64_t i = 0; i < steps; ++i) {
    TimerNode* const head = &slots_[(target - i) % kSlots];
    for (TimerNode* node = head->next; node != head;) {
      TimerNode* const next = node->next;
      if (node->tick <= target) {
        node->Unlink();
        due->push_back(node);
      }
      node = next;
    }
  }
  tick_ = target;
}

}  // namespace sse_bridge
