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

// The part of a topic that belongs to one loop. On its own cache line because
// each is used by a different thread.
struct alignas(64) TopicLocal {
  // Attach calls whose membership has not ended. If it is 0, Publish skips this
  // loop. Thread-safe.
  std::atomic<int64_t> attached{0};

  // Used on the loop's thread only.
  uint32_t uses = 0;  // members and queue entries that point to the topic
  uint32_t rotor = 0;
  std::vector<TopicMember> members;
  // Frames of the current batch that are published and not yet passed to the
  // members.
  std::vector<FramePtr> run;
  size_t run_bytes = 0;
  // Bytes sent or dropped that are not yet reported to the observer.
  size_t unreported = 0;
  // Keeps the topic alive while `uses` is not 0.
  std::shared_ptr<Topic> self;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_LOCAL_H_
