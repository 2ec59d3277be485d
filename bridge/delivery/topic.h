#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

class Delivery;
class TopicLocal;

// What happens when the queued bytes of a connection reach the limit
// (Delivery::Options::queue_limit_bytes).
//
// The frames of Attach's `first` and of Continue do not count. A caller with
// more of them than the limit must pass them in parts. If nothing is queued,
// one frame larger than the limit is accepted.
enum class SlowPolicy : uint8_t {
  // Drops the queued events, queues StreamSpec::slow_frame and ends the
  // connection.
  kDisconnect,
  // Drops the oldest queued events.
  kDropOldest,
  // While the socket is full, keeps only the newest event of each key of a
  // topic, at the newest event's position in the queue, so that ids never run
  // ahead of the events sent. Beyond the limit, behaves as kDropOldest.
  kConflate,
  // No limit. For topics with flow control, whose feed stops reading instead.
  kUnbounded,
};
// On a connection with memberships of several policies, only events of
// kDropOldest and kConflate are dropped, even to make space for events of other
// policies.

struct MembershipOptions {
  enum class Mode : uint8_t {
    // The topic is the stream, or one of several similar parts of it. An error
    // of any part ends the connection.
    kStream,
    // The topic is one of several streams on the connection. Its end is sent as
    // an event.
    kBundle,
  };

  SlowPolicy policy = SlowPolicy::kDisconnect;
  Mode mode = Mode::kStream;
  // Passed to the connection's FrameRewriter.
  int tag = 0;
  // The connection's stream that the topic belongs to.
  int group = 0;
  // Released when the membership has ended for any reason, or could not begin.
  // Its destructor runs on a loop's thread: it must not block, and may call
  // Topic and Delivery.
  std::shared_ptr<void> held = nullptr;
};

// Observes the members of a topic. Called on loop threads, concurrently for
// members on different loops. Must not block. May take the lock under which the
// topic's methods are called, because those never call back.
class TopicObserver {
 public:
  virtual ~TopicObserver() = default;

  // Called once for each Attach whose membership ended because the connection
  // ended (`connection_closed`) or because of Detach. Not called for
  // memberships that Topic::End ended.
  virtual void OnMemberGone(bool connection_closed) = 0;

  // Called once for each Attach and Continue with `more`, when the connection's
  // queue has been written to the socket. Not called after the membership has
  // ended.
  virtual void OnWantsMore(ConnectionRef /*connection*/) {}

  // Called when the membership of a connection that was waiting for more has
  // ended. OnMemberGone follows if it applies.
  virtual void OnWantsNoMore(ConnectionRef /*connection*/) {}

  // Called with flow control only: this many bytes (Frame::size() as published,
  // per member) were written to the socket or dropped. Each byte is reported
  // once, and before OnMemberGone if the member's connection ended.
  virtual void OnSent(size_t /*bytes*/) {}
};

// The fan-out of one feed. Only the loops know its members; a topic is the
// handle to reach them.
//
// Thread-safe. For each connection, the calls on one topic take effect in the
// order in which they are made. Callers that need an order across threads must
// hold their own lock. No method blocks or calls an observer.
class Topic : public std::enable_shared_from_this<Topic> {
 public:
  struct Options {
    bool flow_control = false;  // enables TopicObserver::OnSent
  };

  // `delivery` must outlive the topic. `observer` is locked for each call. If
  // it has expired, the topic still delivers.
  static std::shared_ptr<Topic> Create(Delivery* delivery, Options options,
                                       std::weak_ptr<TopicObserver> observer);
  ~Topic();
  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;

  // Sends a frame to every member. Costs nothing for loops without members.
  void Publish(FramePtr frame);

  // Queues `first` on the connection and makes it a member. It receives exactly
  // the frames published after this call. A connection may be a member of a
  // topic only once at a time. If the connection has already ended,
  // OnMemberGone follows.
  //
  // With `more`, `first` (not empty) is only the first part of the initial
  // frames. The member receives no published frames until Continue has passed
  // the last part.
  void Attach(ConnectionRef connection, MembershipOptions options,
              std::vector<FramePtr> first, bool more = false);

  // Passes the next part of the initial frames. Only the last part may be
  // empty. No effect if the membership has ended.
  void Continue(ConnectionRef connection, std::vector<FramePtr> part,
                bool more);

  // Removes the member. Frames published before this call are still sent.
  void Detach(ConnectionRef connection);

  // As End, for this member only, which may have ended already. OnMemberGone
  // follows if it has not.
  void EndMember(ConnectionRef connection, FramePtr last, bool error);

  // Removes all members. `last` may be null.
  //   kStream: after an error, or for a connection without other memberships,
  //            `last` is queued and the connection ends when all is flushed;
  //            otherwise the connection stays open and nothing is sent.
  //   kBundle: `last` is queued; the connection ends if this was its last
  //            membership.
  // The topic can be used again.
  void End(FramePtr last, bool error);

  // How many members receive gzip. Compressing is useless if there are none.
  int gzip_members() const {
    return gzip_members_.load(std::memory_order_relaxed);
  }
  // Whether some of them have not received all that the next event's blocks may
  // refer to, so that they need a keyframe. Asks once for each time.
  bool TakeKeyWanted() {
    return key_wanted_.load(std::memory_order_relaxed) &&
           key_wanted_.exchange(false, std::memory_order_relaxed);
  }

  bool flow_control() const { return options_.flow_control; }

  // For delivery's own classes: the part of the topic that belongs to the loop
  // with this index, and the observer, which is null once it has expired.
  TopicLocal& local(int loop) const;
  std::shared_ptr<TopicObserver> observer() const { return observer_.lock(); }
  void AddGzipMembers(int n) {
    gzip_members_.fetch_add(n, std::memory_order_relaxed);
  }
  void WantKey() {
    // Written seldom: all loops read it for each event.
    if (!key_wanted_.load(std::memory_order_relaxed)) {
      key_wanted_.store(true, std::memory_order_relaxed);
    }
  }

 private:
  Topic(Delivery* delivery, Options options,
        std::weak_ptr<TopicObserver> observer);

  Delivery* const delivery_;  // must outlive this
  const Options options_;
  const std::weak_ptr<TopicObserver> observer_;
  // One per loop. Except for one counter, each is used on that loop only.
  const std::unique_ptr<TopicLocal[]> locals_;
  std::atomic<int> gzip_members_{0};
  std::atomic<bool> key_wanted_{false};
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_H_
