#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_LOCAL_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_LOCAL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bridge/delivery/frame.h"
#include "bridge/delivery/topic.h"

namespace sse_bridge {

struct LoopConnection;

// One end of a membership; the other is LoopConnection::Membership.
struct TopicMember {
  LoopConnection* connection;
  uint32_t membership;  // its index in connection->memberships
};

// What one loop knows of a topic. A cache line of its own, for each belongs to
// another thread.
struct alignas(64) TopicLocal {
  // Attach calls whose membership has not ended yet: whether Publish must tell
  // this loop. Any thread.
  std::atomic<int64_t> attached{0};

  // The loop's thread only.
  uint32_t uses = 0;  // members, and queue entries that point to the topic
  uint32_t rotor = 0;
  std::vector<TopicMember> members;
  // Published and not handed to the members yet, within one batch.
  std::vector<FramePtr> run;
  size_t run_bytes = 0;
  // Sent or dropped and not told to the observer yet.
  size_t unreported = 0;
  // Keeps the topic alive while there are uses.
  std::shared_ptr<Topic> self;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_LOCAL_H_
