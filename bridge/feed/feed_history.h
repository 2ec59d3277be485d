#ifndef SSE_BRIDGE_BRIDGE_FEED_FEED_HISTORY_H_
#define SSE_BRIDGE_BRIDGE_FEED_FEED_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/delivery/frame.h"
#include "bridge/feed/replay_buffer.h"
#include "bridge/feed/snapshot.h"

namespace sse_bridge {

// The events of a feed that are kept: the newest ones (ReplayBuffer) and the
// current values (Snapshot). Numbers all events. Subscribers that join receive
// the events that they have missed, or on a first visit the current values.
//
// model/snapshot.pml checks for first visits: the current values come before
// newer events (SnapshotBeforeLive), a value never replaces a newer one
// (NoOlderValue), and the newest one of each key comes, however short the
// replay buffer is (NewestValueArrives).
//
// Not thread-safe: the feed's lock protects it.
class FeedHistory {
 public:
  struct Options {
    // If false, the feed has one subscriber, and its ReadWindow bounds what is
    // kept.
    bool shared = false;
    Snapshot::What snapshot = Snapshot::What::kNone;
    ReplayBuffer::Limits replay = {};  // of a shared feed
    // The id of the event before the first one; empty if unknown.
    std::string first_id = {};
  };

  // What a joiner receives next: first the rest of the snapshot, then the
  // replay buffer.
  struct Position {
    uint64_t age = 0;       // in the snapshot
    uint64_t ages_end = 0;  // where the snapshot ends for this joiner
    uint64_t seq = 0;       // in the replay buffer
  };

  explicit FeedHistory(Options options);

  // Sets *first to what a joiner receives first, and *position to the position
  // before that. `last_event_id` as in Feed::Join. Returns false if the events
  // after it are not kept.
  bool Join(const std::string* last_event_id, std::vector<FramePtr>* first,
            Position* position) const;

  // As Join, for a first visit that begins after this event. Leaves out events
  // without an id.
  bool JoinAt(absl::string_view id, std::vector<FramePtr>* first,
              Position* position) const;

  // Makes this event the current value of its key. An event for an audience is
  // one of its own, because others keep what they have seen.
  void SetCurrent(absl::string_view key, FramePtr frame) {
    if (snapshot_ != nullptr) snapshot_->Add(key, std::move(frame));
  }

  // Adds an event; `id` may be empty. It is kept if a subscriber `waits` for
  // it. A shared feed also keeps every event from the first id on, since
  // events without an id are missed too. `now` returns the monotonic time and
  // is called only if the event is kept.
  void Add(absl::string_view id, const FramePtr& frame, bool waits,
           absl::FunctionRef<absl::Duration()> now);

  // The number of the next event. The first event has 1.
  uint64_t next_seq() const { return next_seq_; }

  // Appends about `max_bytes` of events from *position on, and advances it.
  // Sets *more to whether there are more. Returns false if events have been
  // lost and no newer current values replace them.
  bool Next(Position* position, size_t max_bytes, std::vector<FramePtr>* part,
            bool* more) const;

  // Appends all events from number `seq` on. If some of them have been lost,
  // sets *frames and *position to the current values instead; returns false if
  // there are none.
  bool Since(uint64_t seq, std::vector<FramePtr>* frames,
             Position* position) const;

  // Whether the next event, of this size, is kept at the expense of others.
  bool LosesFor(size_t bytes) const { return replay_.RemovesFor(bytes); }

  absl::string_view oldest_id() const { return replay_.oldest_id(); }

  // Drops what was kept only for subscribers that waited.
  void Trim(absl::Duration now) { replay_.Trim(now); }

  // Drops the kept events. For an exclusive feed whose subscriber is attached.
  void ForgetEvents() { replay_.Clear(); }

 private:
  std::vector<FramePtr> Current() const {
    return snapshot_ == nullptr ? std::vector<FramePtr>() : snapshot_->Frames();
  }
  uint64_t next_age() const {
    return snapshot_ == nullptr ? 0 : snapshot_->next_age();
  }

  const bool shared_;
  uint64_t next_seq_ = 1;
  bool has_ids_;  // so clients may resume
  ReplayBuffer replay_;
  std::unique_ptr<Snapshot> snapshot_;  // null without a snapshot
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_HISTORY_H_
