#ifndef SSE_BRIDGE_BRIDGE_FEED_FEED_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_FEED_FEED_OPTIONS_H_

#include "bridge/delivery/topic.h"
#include "bridge/feed/snapshot.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// What the annotations of a server stream mean to its feed and to the feed's
// subscribers. Without annotations, the feed is exclusive and its
// events have no ids.
struct FeedOptions {
  // Identical requests share one feed.
  bool shared = false;

  // Events have ids.
  bool has_ids = false;

  // A call can begin after an event's id (`resume_into`). Implies has_ids.
  bool resumable = false;

  // See Feed::Config.
  Snapshot::What snapshot = Snapshot::What::kNone;
  bool live_values = false;
  bool hide_outages = false;

  // For subscribers that read too slowly.
  SlowPolicy slow = SlowPolicy::kUnbounded;
};

// Translates annotations that the schema has checked (option_checks.h), where
// `share_by` implies `shared`. `raw`: the subscriber receives the raw bytes of
// google.api.HttpBody messages instead of events.
FeedOptions FeedOptionsOf(const sse::v1::Stream& stream, bool raw);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_OPTIONS_H_
