#ifndef SSE_BRIDGE_BRIDGE_FEED_REFUSED_SUBSCRIBER_H_
#define SSE_BRIDGE_BRIDGE_FEED_REFUSED_SUBSCRIBER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/frame.h"
#include "bridge/feed/pending_subscriber.h"

namespace sse_bridge {

// A stream that has ended before it began: alone, its status is the response;
// as one of several streams of a connection, its status is an event.
class RefusedSubscriber : public PendingSubscriber {
 public:
  // `status` is not OK, and `frame` is its event. `delivery` must outlive this
  // object and its connection.
  RefusedSubscriber(Delivery* delivery, absl::Status status, FramePtr frame)
      : delivery_(delivery),
        status_(std::move(status)),
        frame_(std::move(frame)) {}

  Readiness readiness() const override { return Readiness::kEnded; }
  absl::Status end_status() const override { return status_; }
  Metadata response_metadata() const override { return {}; }
  std::string content_type() const override { return ""; }
  void Greet(FramePtr) override {}
  void BeginWith(FramePtr) override {}
  std::weak_ptr<Feed> feed() const override { return {}; }
  void Attach(const ConnectionRef& connection,
              MembershipOptions options) override {
    const std::shared_ptr<Topic> topic = Topic::Create(delivery_, {}, {});
    topic->Attach(connection, std::move(options), {});
    topic->End(frame_, /*error=*/true);
  }

 private:
  Delivery* const delivery_;
  const absl::Status status_;
  const FramePtr frame_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_REFUSED_SUBSCRIBER_H_
