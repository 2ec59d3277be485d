#include "bridge/feed/feed_options.h"

namespace sse_bridge {
namespace {

Snapshot::What SnapshotOf(const sse::v1::Stream& stream) {
  switch (stream.snapshot().what()) {
    case sse::v1::Snapshot::LAST:
      return Snapshot::What::kLast;
    case sse::v1::Snapshot::LAST_PER_KEY:
      return Snapshot::What::kLastPerKey;
    default:
      return Snapshot::What::kNone;
  }
}

SlowPolicy SlowPolicyOf(const sse::v1::Stream& stream) {
  // An exclusive feed stops reading from its upstream instead.
  if (!stream.shared()) return SlowPolicy::kUnbounded;
  switch (stream.slow().policy()) {
    case sse::v1::SlowConsumer::DROP_OLDEST:
      return SlowPolicy::kDropOldest;
    case sse::v1::SlowConsumer::CONFLATE:
      return SlowPolicy::kConflate;
    default:
      return SlowPolicy::kDisconnect;
  }
}

}  // namespace

FeedOptions FeedOptionsOf(const sse::v1::Stream& stream, bool raw) {
  FeedOptions options;
  options.hide_outages = stream.hide_outages();
  // Raw bytes cannot be shared, because a later subscriber would miss the
  // beginning, and they have neither ids nor keys.
  if (raw) return options;
  options.shared = stream.shared();
  options.has_ids = !stream.id_from().empty();
  options.resumable = options.has_ids && !stream.resume_into().empty();
  if (options.shared) options.snapshot = SnapshotOf(stream);
  options.live_values =
      !options.has_ids && SnapshotOf(stream) != Snapshot::What::kNone;
  options.slow = SlowPolicyOf(stream);
  return options;
}

}  // namespace sse_bridge
