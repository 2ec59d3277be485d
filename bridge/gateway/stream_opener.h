#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_OPENER_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_OPENER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bridge/access/identity.h"
#include "bridge/delivery/topic.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/feed/replay_buffer.h"
#include "bridge/feed/subscription.h"
#include "bridge/gateway/exposed_metadata.h"
#include "bridge/gateway/resume_points.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/upstream/router.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// The metadata of a call in the name of `identity`: its subject.
Metadata IdentityMetadata(const std::optional<Identity>& identity);

// Turns a checked request for a server-streaming method into places in feeds:
// one of its own, one that identical requests share, or one for each element
// of the `share_by` field.
//
// Thread-safe.
class StreamOpener {
 public:
  struct Options {
    ReplayBuffer::Limits replay;
    absl::Duration linger = absl::Seconds(5);
    absl::Duration give_up_after = absl::Minutes(5);

    // What of the backends' metadata browsers are told; null: nothing.
    const ExposedMetadata* exposed = nullptr;  // must outlive the opener
  };

  // All must outlive the opener and its feeds.
  StreamOpener(const FeedContext* context, const UpstreamRouter* upstreams,
               FeedRegistry* registry, Options options)
      : context_(context),
        upstreams_(upstreams),
        registry_(registry),
        options_(options) {}

  // `forwarded` is what ForwardedMetadata has of the request: only requests
  // that have the same share a feed.
  //
  // `request` is bound, validated and carries its subject. `resume` has one
  // point for each of its CursorKeys, and so have the memberships' tags, from
  // `tag` on; `traceparent` goes to the backend with a call that this request
  // begins, and what is begun counts for `address` (LimitKey). Adds one or more
  // places to `subscription`. Unavailable when no upstream serves the method,
  // ResourceExhausted when the address has too many feeds.
  //
  // `raw`: the subscription is to the bytes of a method whose route has a
  // raw_stream. They come from one call of its own, from the beginning.
  absl::Status Open(std::shared_ptr<const ServedSchema> served,
                    const ServedRoute& route,
                    const google::protobuf::Message& request,
                    const std::optional<Identity>& identity,
                    absl::string_view address, const Metadata& forwarded,
                    absl::Span<const ResumePoint> resume,
                    MembershipOptions::Mode mode, int tag,
                    const std::string& traceparent,
                    const std::shared_ptr<Subscription>& subscription,
                    bool raw = false) const;

 private:
  const FeedContext* const context_;
  const UpstreamRouter* const upstreams_;
  FeedRegistry* const registry_;
  const Options options_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_STREAM_OPENER_H_
