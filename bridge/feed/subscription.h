#ifndef SSE_BRIDGE_BRIDGE_FEED_SUBSCRIPTION_H_
#define SSE_BRIDGE_BRIDGE_FEED_SUBSCRIPTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/topic.h"
#include "bridge/feed/feed.h"

namespace sse_bridge {

// The browser that waits for its status line. Exactly one of Accept, NoContent
// and Refuse is called, once, from any thread.
class StreamResponder {
 public:
  virtual ~StreamResponder() = default;

  // What the feeds' backends have said beside their messages; called before
  // one of the others, unless there is nothing.
  virtual void OnMetadata(Metadata) {}

  // Of raw bodies, before Accept: what the backend says that they are.
  virtual void OnContentType(std::string /*content_type*/) {}

  // 200: sends the head and returns the connection, which `attaches` feeds
  // are going to be attached to.
  virtual ConnectionRef Accept(uint32_t attaches) = 0;

  // The streams have ended well before any event.
  virtual void NoContent() = 0;

  // The HTTP status and error body that `status` maps to.
  virtual void Refuse(const absl::Status& status) = 0;
};

// One browser's subscription to one or more feeds, until its connection is
// attached to them. Decides the status line: it waits until every feed has
// opened, spoken or ended, or for the grace, whichever comes first.
//
// Thread-safe. Keeps itself alive until decided.
class Subscription : public FeedWaiter,
                     public std::enable_shared_from_this<Subscription> {
 public:
  struct Options {
    // How long the status line waits for backends that say nothing.
    absl::Duration grace = absl::Milliseconds(500);

    // When not OK: what is answered when the grace is over and no backend has
    // said anything, instead of 200.
    absl::Status too_late;

    // Of several feeds one that fails to open does not refuse the others.
    bool bundle = false;

    // A stream of raw bodies: there is no grace, for the head needs the first.
    bool raw = false;
  };

  // `delivery` must outlive the subscription.
  Subscription(Delivery* delivery, Options options,
               std::unique_ptr<StreamResponder> responder);

  // Adds a place; its feed's waiter must be this subscription. Before Start.
  void Add(std::unique_ptr<PendingSubscriber> place, MembershipOptions options);

  // All places are added: decide now or when the feeds speak.
  void Start();

  // The browser has gone: every place is left.
  void Abandon();

  void OnFeedReady() override;

 private:
  struct Part {
    std::unique_ptr<PendingSubscriber> place;
    MembershipOptions options;
  };
  enum class Decision { kWait, kAccept, kNoContent, kRefuse };

  void Decide(bool grace_is_over);
  Decision Judge(bool grace_is_over, absl::Status* refusal) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Delivery* const delivery_;  // must outlive this
  const Options options_;

  Mutex mu_;
  bool started_ ABSL_GUARDED_BY(mu_) = false;
  bool decided_ ABSL_GUARDED_BY(mu_) = false;
  std::unique_ptr<StreamResponder> responder_ ABSL_GUARDED_BY(mu_);
  std::vector<Part> parts_ ABSL_GUARDED_BY(mu_);

  // Feeds know their waiters weakly; this holds the subscription until it is
  // decided.
  std::shared_ptr<Subscription> self_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_SUBSCRIPTION_H_
