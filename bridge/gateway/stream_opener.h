#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_OPENER_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_OPENER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bridge/access/identity.h"
#include "bridge/delivery/topic.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/feed/replay_buffer.h"
#include "bridge/feed/subscription.h"
#include "bridge/gateway/admitter.h"
#include "bridge/gateway/exposed_metadata.h"
#include "bridge/gateway/resume_points.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/upstream/router.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// The metadata that tells a backend the subject of `identity`.
Metadata IdentityMetadata(const std::optional<Identity>& identity);

// Subscribes a validated request for a server-streaming method to feeds: an
// exclusive one, one that identical requests share, or one per element of the
// `share_by` field.
//
// Thread-safe.
class StreamOpener {
 public:
  struct Options {
    ReplayBuffer::Limits replay;
    absl::Duration linger = absl::Seconds(5);
    absl::Duration give_up_after = absl::Minutes(5);

    // Metadata that is sent to browsers. Null if none is. Must outlive the
    // opener.
    const ExposedMetadata* exposed = nullptr;
  };

  // All must outlive the opener and its feeds.
  StreamOpener(const FeedContext* context, const UpstreamRouter* upstreams,
               FeedRegistry* registry, Options options)
      : context_(context),
        upstreams_(upstreams),
        registry_(registry),
        options_(options) {}

  // Adds one or more memberships in feeds to `subscription`. `request` must be
  // bound, validated and contain its subject. `resume` has one point per
  // CursorKey of the request; the memberships' tags are numbered in the same
  // order from `tag`. `forwarded` comes from ForwardedMetadata: only requests
  // with equal metadata share a feed. `traceparent` is sent with calls that
  // this request starts, and feeds that it starts count for `address`
  // (LimitKey). Returns kUnavailable if no backend is configured for the
  // method, and kResourceExhausted if the address has too many feeds.
  //
  // `raw` subscribes to the raw bytes of a method whose route has a raw_stream,
  // which come from an exclusive call and start from the beginning.
  //
  // `admitted` is set for a method with an admission, and its session passes to
  // the subscription. `request` must then have no subject (ClearSubject).
  absl::Status Open(std::shared_ptr<const ServedSchema> served,
                    const ServedRoute& route,
                    const google::protobuf::Message& request,
                    const std::optional<Identity>& identity,
                    absl::string_view address, const Metadata& forwarded,
                    absl::Span<const ResumePoint> resume,
                    MembershipOptions::Mode mode, int tag,
                    const std::string& traceparent,
                    const std::shared_ptr<Subscription>& subscription,
                    bool raw = false, Admitted* admitted = nullptr) const;

 private:
  // Joins a shared feed after this event, and waits a moment for the feed to
  // receive it. See FeedRegistry::JoinAt.
  absl::StatusOr<std::unique_ptr<PendingSubscriber>> JoinAt(
      const std::shared_ptr<const ServedSchema>& served, const std::string& key,
      absl::string_view address, const Feed::Config& config,
      const std::string& id, bool first_visit,
      const std::shared_ptr<Subscription>& subscription) const;

  const FeedContext* const context_;
  const UpstreamRouter* const upstreams_;
  FeedRegistry* const registry_;
  const Options options_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_OPENER_H_
