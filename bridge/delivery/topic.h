#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

class Delivery;
struct TopicLocal;

// What happens to a connection whose waiting bytes reach its bound
// (Delivery::Options::queue_limit_bytes).
//
// The frames of Attach's `first` and of Continue do not count: whoever has more
// of them than the bound brings them in parts. With nothing waiting, one frame
// larger than the bound is let through.
enum class SlowPolicy : uint8_t {
  // What waits is dropped, StreamSpec::slow_frame is queued, and the connection
  // ends.
  kDisconnect,
  // Drops the oldest waiting events.
  kDropOldest,
  // From the moment the socket is full only the newest event of each key of a
  // topic waits, at the place of the newest, so that ids never run ahead of
  // what was sent. Beyond the bound as kDropOldest.
  kConflate,
  // No bound; for a topic with flow control, whose feed stops reading.
  kUnbounded,
};
// On a connection with memberships of several policies, only events of
// kDropOldest and kConflate are ever dropped; they are also dropped for the
// sake of others.

struct MembershipOptions {
  enum class Mode : uint8_t {
    // The topic is the stream, or one of several parts of it that look alike:
    // an error of any ends the connection.
    kStream,
    // The topic is one of several streams on the connection: its end is an
    // event among others.
    kBundle,
  };

  SlowPolicy policy = SlowPolicy::kDisconnect;
  Mode mode = Mode::kStream;
  // Handed to the connection's FrameRewriter.
  int tag = 0;
  // Which of the connection's streams the topic is, or is a part of.
  int group = 0;
};

// Told about the members of a topic, on loop threads, concurrently for members
// on different loops. Must not block; may take the lock under which the
// topic's own methods are called, for those never call back.
class TopicObserver {
 public:
  virtual ~TopicObserver() = default;

  // Once for each Attach whose membership ended because the connection did
  // (`connection_closed`) or by Detach; not for those that Topic::End ended.
  virtual void OnMemberGone(bool connection_closed) = 0;

  // Once for each Attach and Continue with `more`, when the socket has taken
  // what waited for the connection; not after the membership has ended.
  virtual void OnWantsMore(ConnectionRef /*connection*/) {}

  // The membership of a connection that was to get more has ended; OnMemberGone
  // follows if it is due.
  virtual void OnWantsNoMore(ConnectionRef /*connection*/) {}

  // With flow control only: so many bytes (Frame::size() as published, for each
  // member) were handed to the socket or will never be. Each byte is told
  // once, before OnMemberGone of its member if that is due to the connection.
  virtual void OnSent(size_t /*bytes*/) {}
};

// The fan-out of one feed. Who its members are is known to the loops alone;
// this is the way to reach them.
//
// Thread-safe. The calls of one topic take effect, for each connection, in the
// order in which they are made; callers that need an order among threads hold
// their own lock around them. None blocks, and none calls an observer.
class Topic : public std::enable_shared_from_this<Topic> {
 public:
  struct Options {
    bool flow_control = false;  // TopicObserver::OnSent is called
  };

  // `delivery` must outlive the topic. `observer` is locked for each call; a
  // topic with an expired one delivers all the same.
  static std::shared_ptr<Topic> Create(Delivery* delivery, Options options,
                                       std::weak_ptr<TopicObserver> observer);
  ~Topic();
  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;

  // To every member. Costs nothing for loops that have none.
  void Publish(FramePtr frame);

  // Queues `first` to the connection and makes it a member: it receives what is
  // published after this call and nothing from before. At most once per
  // connection and topic at a time. If the connection is gone already,
  // OnMemberGone follows.
  //
  // With `more`, `first` (not empty) is only the first part of what comes
  // before all else: the member is given nothing that is published until
  // Continue has brought the last part.
  void Attach(ConnectionRef connection, MembershipOptions options,
              std::vector<FramePtr> first, bool more = false);

  // The next part, which is not empty or the last. Without effect if the
  // membership has ended.
  void Continue(ConnectionRef connection, std::vector<FramePtr> part,
                bool more);

  // What was published before this call is still sent.
  void Detach(ConnectionRef connection);

  // All members leave. `last` may be null.
  //   kStream: after an error, or for a connection without other memberships,
  //            `last` is queued and the connection ends when all is flushed;
  //            else the connection stays, and is told nothing.
  //   kBundle: `last` is queued; the connection ends if this was its last
  //            membership.
  // The topic can be used again.
  void End(FramePtr last, bool error);

  bool flow_control() const { return options_.flow_control; }

 private:
  friend class Loop;

  Topic(Delivery* delivery, Options options,
        std::weak_ptr<TopicObserver> observer);

  Delivery* const delivery_;  // outlives this
  const Options options_;
  const std::weak_ptr<TopicObserver> observer_;
  // One for each loop, and but for one counter only that loop's.
  const std::unique_ptr<TopicLocal[]> locals_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_TOPIC_H_
