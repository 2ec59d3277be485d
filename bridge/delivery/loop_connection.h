#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONNECTION_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/send_queue.h"
#include "bridge/delivery/topic.h"
#include "bridge/net/timer_wheel.h"

namespace sse_bridge {

// A connection as its loop sees it. Only that loop's thread touches it.
struct LoopConnection {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  enum class State : uint8_t {
    kOpen,
    kEnding,     // flushes what waits, and takes nothing more
    kLingering,  // all is sent; waits for the client to close
    kDead,       // about to be destroyed
  };

  // One end of a membership; the other is TopicMember.
  struct Membership {
    Topic* topic;    // lives for as long as it has members
    uint32_t index;  // in the topic's members
    int tag;
    SlowPolicy policy;
    MembershipOptions::Mode mode;
    int group;
    bool raised = false;   // by FrameInfo::condition
    bool loading = false;  // what comes before all else is not complete
    bool asked = false;    // for more of it
  };

  // Whether a frame may go from the topic straight to the socket.
  bool Direct() const {
    return plain && !blocked && state == State::kOpen && loading == 0 &&
           queue.empty();
  }

  // Whether its end, which has begun, must look like none.
  bool Cut() const { return cut_unless_ended && reason != CloseReason::kEnded; }

  // Touched by every event: together, and first.
  int fd = -1;
  State state = State::kOpen;
  bool plain = false;  // no transport, no rewriter
  bool chunked = false;
  bool blocked = false;  // the socket is full; wait for its edge
  bool dirty = false;    // in the loop's list of those to flush
  bool slow = false;     // in the loop's list of those to end
  bool more_input = false;
  bool cut_unless_ended = false;
  CloseReason reason = CloseReason::kClientGone;
  uint32_t loading = 0;  // memberships that are
  uint64_t events = 0;
  uint64_t bytes = 0;
  int64_t last_sent = 0;
  absl::InlinedVector<Membership, 1> memberships;
  SendQueue queue;

  uint32_t slot = 0;
  uint32_t generation = 0;
  uint32_t awaited_attaches = 0;
  TimerNode timer;
  int64_t opened = 0;
  int64_t keep_alive = 0;  // jittered; 0: none
  int64_t expires = kNever;
  int64_t max_age_at = kNever;
  int64_t drain_at = kNever;
  int64_t give_up_at = kNever;  // when ending or lingering
  std::unique_ptr<Transport> transport;
  std::unique_ptr<FrameRewriter> rewriter;
  std::unique_ptr<ConnectionObserver> observer;  // null once it was told
  FramePtr expiry_frame;
  FramePtr max_age_frame;
  FramePtr slow_frame;
  int64_t retry_ms = 0;      // 0: nothing is told
  bool retry_asked = false;  // by the backend that the stream ended with
  // How many memberships of each group are raised; empty at first.
  std::vector<uint32_t> raised;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONNECTION_H_
