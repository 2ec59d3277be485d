#ifndef SSE_BRIDGE_BRIDGE_FEED_FEED_HISTORY_H_
#define SSE_BRIDGE_BRIDGE_FEED_FEED_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/delivery/frame.h"
#include "bridge/feed/replay_buffer.h"
#include "bridge/feed/snapshot.h"

namespace sse_bridge {

// The stored events of a feed: the number of each event, the newest events
// (ReplayBuffer) and the current values (Snapshot). Provides the initial frames
// of new subscribers: the events that they have missed, or the snapshot on a
// first visit.
//
// Not thread-safe; protected by the feed's lock.
class FeedHistory {
 public:
  struct Options {
    // If false, there is one subscriber, whose window bounds the stored events.
    bool shared = false;
    Snapshot::What snapshot = Snapshot::What::kNone;
    ReplayBuffer::Limits replay = {};  // for shared feeds
    // The ID of the event before the first one; empty if unknown.
    std::string first_id = {};
  };

  // How far a new subscriber has read: first the snapshot, then the replay
  // buffer.
  struct Position {
    uint64_t age = 0;  // in the snapshot, up to ages_end
    uint64_t ages_end = 0;
    uint64_t seq = 0;
  };

  explicit FeedHistory(Options options);

  // Returns the first frames of a new subscriber, and the position before them.
  // `last_event_id` is the same as in Feed::Join. Returns false if the events
  // after it are not stored.
  bool Join(const std::string* last_event_id, std::vector<FramePtr>* first,
            Position* position) const;

  // Stores a message that could be encoded as the current value of its key.
  void SetCurrent(absl::string_view key, FramePtr frame) {
    snapshot_.Add(key, std::move(frame));
  }

  // Numbers an event. Stores it if a subscriber `waits` for events and, in a
  // shared feed, from the first ID on: an event without an ID that follows one
  // with an ID is part of what a returning browser has missed. `id` may be
  // empty; `now` is monotonic.
  void Add(absl::string_view id, const FramePtr& frame, bool waits,
           absl::Duration now);

  // The number of the next event. The first is 1.
  uint64_t next_seq() const { return next_seq_; }

  // Appends about `max_bytes` of frames after *position and advances it. Sets
  // *more to whether more follow. Returns false if events were lost and no
  // current values replace them.
  bool Next(Position* position, size_t max_bytes, std::vector<FramePtr>* part,
            bool* more) const;

  // Appends all events from `seq` on. If some were lost, *frames and *position
  // start over with the current values; returns false if there are none.
  bool Since(uint64_t seq, std::vector<FramePtr>* frames,
             Position* position) const;

  absl::string_view oldest_id() const { return replay_.oldest_id(); }

  // Removes the stored events once no other subscriber can need them.
  void ForgetEvents() { replay_.Clear(); }

 private:
  const bool shared_;
  uint64_t next_seq_ = 1;
  bool has_ids_;  // browsers can resume
  ReplayBuffer replay_;
  Snapshot snapshot_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_HISTORY_H_
