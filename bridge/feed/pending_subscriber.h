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

// What becomes of a subscriber if the backend is lost before its first answer.
// On a first visit, the page is told by an HTTP error. An EventSource that
// returns would give up after that.
enum class EarlyLoss {
  kRefuses,       // the response is an error
  kRefusesAlone,  // the same, unless other streams of the connection have
                  // opened
  kWaits,         // the stream waits until the backend is back
};

// Waits for a feed's first answer.
class FeedWaiter {
 public:
  virtual ~FeedWaiter() = default;

  // Called at least once after the feed's PendingSubscriber stopped being
  // kWaiting, from any thread, with no lock held.
  virtual void OnFeedReady() = 0;

  // The feed is about to drop events that its PendingSubscriber has not
  // received, unless that is attached before this returns. Called at most once,
  // from any thread, with no lock held.
  virtual void OnFeedFull() { OnFeedReady(); }
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
    // EarlyLoss::kRefusesAlone: see end_status(). A connection that is attached
    // nevertheless waits until the backend is back.
    kLost,
  };

  PendingSubscriber() = default;
  virtual ~PendingSubscriber() = default;
  PendingSubscriber(const PendingSubscriber&) = delete;
  PendingSubscriber& operator=(const PendingSubscriber&) = delete;

  virtual Readiness readiness() const = 0;

  // The status of a feed that has ended, or is lost.
  virtual absl::Status end_status() const = 0;

  // The backend's response metadata so far.
  virtual Metadata response_metadata() const = 0;

  // The content type of a feed of raw bodies that is ready.
  virtual std::string content_type() const = 0;

  // The connection receives this event first, also if the feed ends without
  // any. Call before Attach.
  virtual void Greet(FramePtr frame) = 0;

  // The connection receives this `reset` before everything else except the
  // greeting. Call before Attach.
  virtual void BeginWith(FramePtr frame) = 0;

  // The feed, also after Attach. Null until it is known.
  virtual std::weak_ptr<Feed> feed() const = 0;

  // The connection receives everything since joining, then live events. Call
  // once; no method except feed() may be called afterwards.
  virtual void Attach(const ConnectionRef& connection,
                      MembershipOptions options) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_PENDING_SUBSCRIBER_H_
