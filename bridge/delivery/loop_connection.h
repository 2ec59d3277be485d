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

// The state of a connection. Used on its loop's thread only.
struct LoopConnection {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  enum class State : uint8_t {
    kOpen,
    kEnding,     // flushes queued frames and accepts no more
    kLingering,  // has sent everything; waits for the client to close
    kDead,       // will be destroyed
  };

  // One end of a membership; the other is TopicMember.
  struct Membership {
    Topic* topic;    // kept alive while it has members
    uint32_t index;  // index in the topic's members
    int tag;
    SlowPolicy policy;
    MembershipOptions::Mode mode;
    int group;
    bool raised = false;   // a condition is active (FrameInfo::condition)
    bool loading = false;  // the initial frames are not complete
    bool asked = false;    // the next part was requested
  };

  // Whether a frame may be written to the socket without being queued.
  bool Direct() const {
    return plain && !blocked && state == State::kOpen && loading == 0 &&
           queue.empty();
  }

  // Whether the body must not be ended properly (StreamSpec::cut_unless_ended).
  bool Cut() const { return cut_unless_ended && reason != CloseReason::kEnded; }

  // Accessed for every event, so kept together at the front.
  int fd = -1;
  State state = State::kOpen;
  bool plain = false;  // no transport, no rewriter
  bool chunked = false;
  bool blocked = false;  // the socket is full; waits for EPOLLOUT
  bool dirty = false;    // in the loop's list of connections to flush
  bool slow = false;     // in the loop's list of slow connections
  bool more_input = false;
  bool cut_unless_ended = false;
  CloseReason reason = CloseReason::kClientGone;
  uint32_t loading = 0;  // number of loading memberships
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
  int64_t keep_alive = 0;  // with jitter; 0 if disabled
  int64_t expires = kNever;
  int64_t max_age_at = kNever;
  int64_t drain_at = kNever;
  int64_t give_up_at = kNever;  // when ending or lingering
  std::unique_ptr<Transport> transport;
  std::unique_ptr<FrameRewriter> rewriter;
  std::unique_ptr<ConnectionObserver> observer;  // null after OnClosed
  FramePtr expiry_frame;
  FramePtr max_age_frame;
  FramePtr slow_frame;
  int64_t retry_ms = 0;      // 0 if none is sent
  bool retry_asked = false;  // the backend requested the delay
  // The number of memberships with an active condition, by group. Initially
  // empty.
  std::vector<uint32_t> raised;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONNECTION_H_
