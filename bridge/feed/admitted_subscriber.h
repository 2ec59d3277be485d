#ifndef SSE_BRIDGE_BRIDGE_FEED_ADMITTED_SUBSCRIBER_H_
#define SSE_BRIDGE_BRIDGE_FEED_ADMITTED_SUBSCRIBER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "bridge/feed/admission_session.h"
#include "bridge/feed/feed.h"
#include "bridge/feed/pending_subscriber.h"

namespace sse_bridge {

// A subscriber whose stay in the stream is a session: the session ends with the
// membership, and a refused renewal ends the membership. Only an admitted
// client gets one (RefusedIsNotServed in model/admission.pml).
class AdmittedSubscriber : public PendingSubscriber {
 public:
  // `stay` is the result of the session's Hold.
  AdmittedSubscriber(std::unique_ptr<PendingSubscriber> inner,
                     std::shared_ptr<AdmissionSession> session,
                     std::shared_ptr<void> stay)
      : inner_(std::move(inner)),
        session_(std::move(session)),
        stay_(std::move(stay)) {}

  Readiness readiness() const override { return inner_->readiness(); }
  absl::Status end_status() const override { return inner_->end_status(); }
  Metadata response_metadata() const override {
    return inner_->response_metadata();
  }
  std::string content_type() const override { return inner_->content_type(); }
  void Greet(FramePtr frame) override { inner_->Greet(std::move(frame)); }
  void BeginWith(FramePtr frame) override {
    inner_->BeginWith(std::move(frame));
  }
  std::weak_ptr<Feed> feed() const override { return inner_->feed(); }
  void Attach(const ConnectionRef& connection,
              MembershipOptions options) override {
    options.held = std::move(stay_);
    inner_->Attach(connection, std::move(options));
    session_->Joined(
        [feed = inner_->feed(), connection](const absl::Status& status) {
          if (auto joined = feed.lock()) joined->EndMember(connection, status);
        });
  }

 private:
  const std::unique_ptr<PendingSubscriber> inner_;
  const std::shared_ptr<AdmissionSession> session_;
  std::shared_ptr<void> stay_;  // null once attached
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_ADMITTED_SUBSCRIBER_H_
