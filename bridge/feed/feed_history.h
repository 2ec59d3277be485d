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

// What a feed has said, as far as it is kept: the number of each event, the
// newest events (ReplayBuffer) and the current values (Snapshot). It serves
// those who join: what they have missed, or what a first visit begins with.
//
// Not thread-safe: the feed's lock protects it.
class FeedHistory {
 public:
  struct Options {
    // Without it there is one subscriber, whose window bounds what is kept.
    bool shared = false;
    Snapshot::What snapshot = Snapshot::What::kNone;
    ReplayBuffer::Limits replay = {};  // of a shared feed
    // The id of the event before the first; empty: unknown.
    std::string first_id = {};
  };

  // How far a joiner has got: first through the snapshot, then through the
  // replay buffer.
  struct Position {
    uint64_t age = 0;  // in the snapshot, up to ages_end
    uint64_t ages_end = 0;
    uint64_t seq = 0;
  };

  explicit FeedHistory(Options options);

  // What a joiner gets first, and the position before it. `last_event_id` as at
  // Feed::Join; false: nobody keeps what comes after it.
  bool Join(const std::string* last_event_id, std::vector<FramePtr>* first,
            Position* position) const;

  // A message that can be shown is the current value of its key.
  void SetCurrent(absl::string_view key, FramePtr frame) {
    snapshot_.Add(key, std::move(frame));
  }

  // Counts an event. It is kept if somebody `waits` for what comes, and in a
  // shared feed from the first id on: what stands between two events with ids
  // belongs to what a browser has missed. `id` may be empty; `now` is
  // monotonic.
  void Add(absl::string_view id, const FramePtr& frame, bool waits,
           absl::Duration now);

  // Of the next event; the first is 1.
  uint64_t next_seq() const { return next_seq_; }

  // Appends what stands after *position, of about `max_bytes`, and moves it on.
  // *more: there is more. False: events were lost, and no current values make
  // up for them.
  bool Next(Position* position, size_t max_bytes, std::vector<FramePtr>* part,
            bool* more) const;

  // Appends all from event `seq` on. Where that is lost, *frames and *position
  // begin anew with the current values; false: there are none.
  bool Since(uint64_t seq, std::vector<FramePtr>* frames,
             Position* position) const;

  absl::string_view oldest_id() const { return replay_.oldest_id(); }

  // Forgets the events, for nobody else will ask for them.
  void ForgetEvents() { replay_.Clear(); }

 private:
  const bool shared_;
  uint64_t next_seq_ = 1;
  bool has_ids_;  // so browsers may come back
  ReplayBuffer replay_;
  Snapshot snapshot_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_HISTORY_H_
