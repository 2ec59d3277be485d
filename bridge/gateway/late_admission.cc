#include "bridge/gateway/late_admission.h"

#include <utility>

#include "bridge/feed/feed_options.h"
#include "bridge/feed/late_stream.h"
#include "bridge/feed/subscription.h"
#include "bridge/gateway/api_request.h"

namespace sse_bridge {
namespace {

// The client has been admitted, or not.
void OnAdmitted(const LateAdmission& late,
                const std::shared_ptr<LateStream>& stream,
                absl::StatusOr<Admitted> admitted) {
  if (stream->gone()) return;  // the session leaves with `admitted`
  if (!admitted.ok()) return stream->Failed(admitted.status());
  Subscription::Options options;
  options.grace = late.grace;
  options.bundle = late.mode == MembershipOptions::Mode::kBundle;
  const auto subscription = std::make_shared<Subscription>(
      late.delivery, options, stream->NewResponder());
  const absl::Status opened = late.opener->Open(
      late.served, *late.route, *late.message, late.identity, late.address,
      late.forwarded, late.points, late.mode, late.tag, late.traceparent,
      subscription, /*raw=*/false, &*admitted);
  if (!opened.ok()) {
    subscription->Abandon();
    return stream->Failed(opened);
  }
  subscription->Start();
}

}  // namespace

std::unique_ptr<PendingSubscriber> AdmitLater(LateAdmission admission,
                                              absl::Status status, bool alone) {
  // The connection has begun: if the stream's backend is away, too, the stream
  // waits.
  for (ResumePoint& point : admission.points) point.returning = true;
  const Method& method = admission.route->method();
  LateStream::Options options;
  options.delivery = admission.delivery;
  options.policy = admission.admitter->PolicyOf(method);
  options.hide_outages =
      FeedOptionsOf(method.stream, /*raw=*/false).hide_outages;
  options.final_event = [served = admission.served](const absl::Status& ended) {
    return FinalEventFrame(*served, ended);
  };
  const auto late = std::make_shared<const LateAdmission>(std::move(admission));
  options.attempt = [late](std::shared_ptr<LateStream> stream) {
    late->admitter->Enter(
        late->served, *late->route, *late->personal, late->identity,
        late->points[0].after, late->payer, late->enter_metadata,
        absl::InfiniteFuture(),
        [late, stream = std::move(stream)](absl::StatusOr<Admitted> admitted) {
          OnAdmitted(*late, stream, std::move(admitted));
        });
  };
  return LateStream::Create(std::move(options), std::move(status), alone);
}

}  // namespace sse_bridge
