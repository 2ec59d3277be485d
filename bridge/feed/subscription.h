#ifndef SSE_BRIDGE_BRIDGE_FEED_SUBSCRIPTION_H_
#define SSE_BRIDGE_BRIDGE_FEED_SUBSCRIPTION_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/topic.h"
#include "bridge/feed/feed.h"

namespace sse_bridge {

// The pending response to a browser. Exactly one of Accept, NoContent and
// Refuse is called, once, on any thread.
class StreamResponder {
 public:
  virtual ~StreamResponder() = default;

  // Passes the metadata of the feeds' backends. Called before one of the other
  // methods, unless there is no metadata.
  virtual void OnMetadata(Metadata) {}

  // Passes the content type of raw bodies, as reported by the backend. Called
  // before Accept.
  virtual void OnContentType(std::string /*content_type*/) {}

  // Responds with 200: sends the response head and returns the connection, to
  // which `attaches` feeds will be attached.
  virtual ConnectionRef Accept(uint32_t attaches) = 0;

  // The streams have ended successfully before any event.
  virtual void NoContent() = 0;

  // Responds with the HTTP status and error body for `status`.
  virtual void Refuse(const absl::Status& status) = 0;
};

// A browser's subscription to one or more feeds, until its connection is
// attached to them. Decides the status line, as soon as every feed has opened,
// sent a message or ended, or after the grace period.
//
// Thread-safe. Keeps itself alive until the decision.
class Subscription : public FeedWaiter,
                     public std::enable_shared_from_this<Subscription> {
 public:
  struct Options {
    // How long the status line waits for backends that have not sent anything.
    absl::Duration grace = absl::Milliseconds(500);

    // If not OK, the response if the grace period expires before a backend has
    // sent anything; otherwise the response is 200.
    absl::Status too_late;

    // Several feeds: one that fails to open, or is lost before it has opened,
    // does not refuse the others.
    bool bundle = false;

    // A stream of raw bodies. There is no grace period, because the response
    // head depends on the first message.
    bool raw = false;
  };

  // `delivery` must outlive the subscription.
  Subscription(Delivery* delivery, Options options,
               std::unique_ptr<StreamResponder> responder);

  // Adds a feed's pending subscriber, whose waiter must be this subscription.
  // Call before Start.
  void Add(std::unique_ptr<PendingSubscriber> subscriber,
           MembershipOptions options);

  // Call after all Add calls. Decides now or when the feeds are ready.
  void Start();

  // The browser has disconnected: leaves all feeds.
  void Abandon();

  void OnFeedReady() override;
  void OnFeedFull() override;

 private:
  struct Part {
    std::unique_ptr<PendingSubscriber> subscriber;
    MembershipOptions options;
  };
  enum class Decision { kWait, kAccept, kNoContent, kRefuse };

  void Decide(bool grace_is_over);
  Decision Judge(bool grace_is_over, absl::Status* refusal) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Delivery* const delivery_;  // must outlive this object
  const Options options_;

  Mutex mu_;
  bool started_ ABSL_GUARDED_BY(mu_) = false;
  bool decided_ ABSL_GUARDED_BY(mu_) = false;
  std::unique_ptr<StreamResponder> responder_ ABSL_GUARDED_BY(mu_);
  std::vector<Part> parts_ ABSL_GUARDED_BY(mu_);

  // Feeds have only weak references to their waiters. This reference keeps the
  // subscription alive until the decision.
  std::shared_ptr<Subscription> self_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_SUBSCRIPTION_H_
