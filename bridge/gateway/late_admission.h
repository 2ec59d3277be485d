#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_LATE_ADMISSION_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_LATE_ADMISSION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/access/identity.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/topic.h"
#include "bridge/feed/pending_subscriber.h"
#include "bridge/gateway/admitter.h"
#include "bridge/gateway/resume_points.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/gateway/stream_opener.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// A stream of a connection whose client has not been admitted, because the
// backend of `enter` was away: what is needed to try again.
struct LateAdmission {
  // Must outlive the connection.
  Delivery* delivery = nullptr;
  const Admitter* admitter = nullptr;
  const StreamOpener* opener = nullptr;

  // See Admitter::Enter and StreamOpener::Open.
  std::shared_ptr<const ServedSchema> served;
  const ServedRoute* route = nullptr;
  std::shared_ptr<const google::protobuf::Message> personal;
  std::unique_ptr<const google::protobuf::Message> message;
  std::optional<Identity> identity;
  std::string address;
  std::string payer;
  std::shared_ptr<const Metadata> enter_metadata;
  Metadata forwarded;
  std::vector<ResumePoint> points;
  MembershipOptions::Mode mode = MembershipOptions::Mode::kStream;
  int tag = 0;
  std::string traceparent;
  absl::Duration grace;  // see Subscription
};

// Returns a subscriber that opens the stream once the client is admitted.
// `status` and `alone` as for LateStream::Create.
std::unique_ptr<PendingSubscriber> AdmitLater(LateAdmission admission,
                                              absl::Status status, bool alone);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_LATE_ADMISSION_H_
