#ifndef SSE_BRIDGE_BRIDGE_FEED_START_AT_SUBSCRIBER_H_
#define SSE_BRIDGE_BRIDGE_FEED_START_AT_SUBSCRIBER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/feed.h"
#include "bridge/feed/pending_subscriber.h"

namespace sse_bridge {

// A subscriber that begins after an event which the shared feed may not have
// received yet: the backend has told its id in the response to another call,
// which was faster. Asks the feed again for a short time, and then has the
// events from a call of its own. So the greeting comes first (GreetingFirst in
// model/admission.pml), and after it exactly the events that follow it (NoGap,
// NoDuplicate).
//
// Thread-safe, unlike other pending subscribers, because it asks on a delivery
// thread.
class StartAtSubscriber : public PendingSubscriber {
 public:
  // Joins a feed (FeedRegistry::JoinAt). Returns null if no running feed has
  // the event yet; never if `start`.
  using Join = std::function<absl::StatusOr<std::unique_ptr<PendingSubscriber>>(
      bool start)>;

  // How long it asks.
  static constexpr absl::Duration kPatience = absl::Milliseconds(250);

  // `refusal` creates the event for a status. `waiter` is woken when this
  // stops being kWaiting.
  StartAtSubscriber(Delivery* delivery, Join join,
                    std::function<FramePtr(const absl::Status&)> status_frame,
                    std::weak_ptr<FeedWaiter> waiter);
  ~StartAtSubscriber() override;

  // Begins to ask. Call once.
  void Start();

  Readiness readiness() const override;
  absl::Status end_status() const override;
  Metadata response_metadata() const override;
  std::string content_type() const override { return ""; }
  void Greet(FramePtr frame) override;
  void BeginWith(FramePtr frame) override;
  std::weak_ptr<Feed> feed() const override;
  void Attach(const ConnectionRef& connection,
              MembershipOptions options) override;

 private:
  // Shared with the timer.
  struct Shared {
    Delivery* delivery;
    Join join;
    std::function<FramePtr(const absl::Status&)> status_frame;
    std::weak_ptr<FeedWaiter> waiter;

    Mutex mu;
    // Null until a feed has the event.
    std::unique_ptr<PendingSubscriber> inner ABSL_GUARDED_BY(mu);
    bool gone ABSL_GUARDED_BY(mu) = false;  // nobody waits for `inner`
    std::weak_ptr<Feed> feed ABSL_GUARDED_BY(mu);
    FramePtr greeting ABSL_GUARDED_BY(mu);
    FramePtr reset ABSL_GUARDED_BY(mu);
  };

  // Asks once, and again later if `delay` is not too long.
  static void Ask(const std::shared_ptr<Shared>& shared, absl::Duration delay,
                  absl::Duration asked);
  // Returns the subscriber of a feed of its own, or one that has been refused.
  static std::unique_ptr<PendingSubscriber> JoinNow(const Shared& shared);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_START_AT_SUBSCRIBER_H_
