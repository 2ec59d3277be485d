#ifndef SSE_BRIDGE_BRIDGE_FEED_PENDING_SUBSCRIBER_H_
#define SSE_BRIDGE_BRIDGE_FEED_PENDING_SUBSCRIBER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/topic.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

class Feed;

// Waits for a feed's first answer.
class FeedWaiter {
 public:
  virtual ~FeedWaiter() = default;

  // Called at least once after the feed's PendingSubscriber stopped being
  // kWaiting, from any thread, with no lock held.
  virtual void OnFeedReady() = 0;
};

// A subscriber of a feed, from joining until its connection is attached. The
// feed keeps for it what is published in between. If destroyed before Attach,
// it leaves the feed. Used by one thread at a time.
class PendingSubscriber {
 public:
  enum class Readiness {
    kWaiting,  // the backend has not answered yet
    kReady,    // there is, or will be, something to deliver
    kEnded,    // the feed has ended with nothing to deliver: see end_status()
  };

  PendingSubscriber() = default;
  virtual ~PendingSubscriber() = default;
  PendingSubscriber(const PendingSubscriber&) = delete;
  PendingSubscriber& operator=(const PendingSubscriber&) = delete;

  virtual Readiness readiness() const = 0;

  // The status of a feed that has ended.
  virtual absl::Status end_status() const = 0;

  // The backend's response metadata so far.
  virtual Metadata response_metadata() const = 0;

  // The content type of a feed of raw bodies that is ready.
  virtual std::string content_type() const = 0;

  // The connection receives this `reset` before everything else. Call before
  // Attach.
  virtual void BeginWith(FramePtr frame) = 0;

  // The feed. Null if there is none yet; also valid after Attach.
  virtual std::weak_ptr<Feed> feed() const = 0;

  // The connection receives everything since joining, then live events. Call
  // once; no method except feed() may be called afterwards.
  virtual void Attach(const ConnectionRef& connection,
                      MembershipOptions options) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_PENDING_SUBSCRIBER_H_
