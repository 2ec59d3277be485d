#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_LOCAL_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_LOCAL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/topic.h"

namespace sse_bridge {

class LoopConnection;
struct LoopContext;

// The part of a topic that belongs to one loop: its members there and the
// frames on their way to them. On its own cache line because each is used by a
// different thread.
class alignas(64) TopicLocal {
 public:
  // One end of a membership; the other is LoopConnection::Membership.
  struct Member {
    LoopConnection* connection;
    uint32_t membership;  // its index in the connection's memberships
  };

  TopicLocal() = default;
  TopicLocal(const TopicLocal&) = delete;
  TopicLocal& operator=(const TopicLocal&) = delete;

  // Called once, before any other method. `topic` owns this.
  void Init(Topic* topic) { topic_ = topic; }

  // May be called on any thread. Count the Attach calls whose membership has
  // not ended. If there are none, Publish skips this loop. Relaxed order
  // suffices: the caller orders its Attach calls before those of Publish.
  void AddAttached() { attached_.fetch_add(1, std::memory_order_relaxed); }
  void RemoveAttached() { attached_.fetch_sub(1, std::memory_order_relaxed); }
  bool has_attached() const {
    return attached_.load(std::memory_order_relaxed) != 0;
  }

  // All others are called on the loop's thread. `context` is the loop's.
  Topic* topic() const { return topic_; }
  bool flow_control() const { return topic_->flow_control(); }
  const std::vector<Member>& members() const { return members_; }

  // Returns the member's index.
  uint32_t AddMember(Member member);
  // Moves the last member to `index`.
  void RemoveMember(uint32_t index);
  // Updates a member whose connection has moved its membership.
  void SetMembership(uint32_t index, uint32_t membership) {
    members_[index].membership = membership;
  }

  // A run is the frames that were published and not yet passed to the members.
  bool run_empty() const { return run_.empty(); }
  // Appends a frame. Returns true if the run must be dispatched before it
  // grows.
  bool AddToRun(FramePtr frame);
  // Returns the number of frames in the run, which a new member must not get:
  // its LoopConnection::Membership::skip.
  uint32_t BeginLate() {
    late_ = late_ || !run_.empty();
    return static_cast<uint32_t>(run_.size());
  }
  // Passes the run to all members, and sets their `skip` to 0. `only_one` is
  // true if no other topic has a run.
  void DispatchRun(LoopContext* context, bool only_one);

  // With flow control, counts bytes that were sent or dropped, which the loop
  // reports to the observer.
  void AccountSent(size_t bytes, LoopContext* context) {
    if (flow_control()) AddUnreported(bytes, context);
  }
  size_t TakeUnreported() { return std::exchange(unreported_, size_t{0}); }

  // Keep the topic alive while members and queue entries point to it.
  void Use() {
    if (uses_++ == 0) self_ = topic_->shared_from_this();
  }
  // May destroy the topic, and this.
  void Unuse() {
    if (--uses_ == 0) const std::shared_ptr<Topic> self = std::move(self_);
  }
  // Keeps the topic alive meanwhile. Requires that it is used.
  std::shared_ptr<Topic> Hold() const { return self_; }

 private:
  void AddUnreported(size_t bytes, LoopContext* context);
  // Sends the run, whose bytes are `wire`, to a connection with an empty queue,
  // and queues what the socket does not accept.
  // Whether the client may see every frame of the run.
  bool SeesRun(const LoopConnection& connection) const;
  // The run as one frame.
  FramePtr Unchunked() const;
  void SendRun(const Member& member, absl::string_view wire, uint64_t events,
               LoopContext* context);
  // As SendRun, for a gzip connection.
  void SendGzipRun(const Member& member, uint64_t events, LoopContext* context);
  void RecordLatency(LoopContext* context) const;

  // Thread-safe.
  std::atomic<int64_t> attached_{0};

  // Never changes after Init.
  Topic* topic_ = nullptr;

  // Used on the loop's thread only.
  uint32_t uses_ = 0;
  uint32_t rotor_ = 0;
  std::vector<Member> members_;
  std::vector<FramePtr> run_;
  size_t run_size_ = 0;  // in bytes
  bool late_ = false;    // members have begun during the run
  size_t unreported_ = 0;
  std::shared_ptr<Topic> self_;  // set while uses_ is not 0
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_LOCAL_H_
