#ifndef SSE_BRIDGE_BRIDGE_FEED_REPLAY_BUFFER_H_
#define SSE_BRIDGE_BRIDGE_FEED_REPLAY_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

// The newest events of a feed, for browsers that come back with Last-Event-ID
// and for joiners whose connection is not attached yet. Bounded by events, by
// bytes and by age; what is beyond leaves from the old end.
//
// Not thread-safe: the feed's lock protects it.
class ReplayBuffer {
 public:
  struct Limits {
    size_t max_events = 1024;
    size_t max_bytes = size_t{1} << 20;
    absl::Duration max_age = absl::Minutes(5);
  };

  // `first_id` is the id of the event before the first one to come, if that is
  // known; it counts until something has left the buffer.
  explicit ReplayBuffer(Limits limits, std::string first_id = "")
      : limits_(limits), first_id_(std::move(first_id)) {}

  // `seq` must be greater than that of the event before. An empty `id` means
  // that the event has none. `now` is monotonic.
  void Add(uint64_t seq, absl::string_view id, FramePtr frame,
           absl::Duration now);

  // The events after the newest one with this id; nullopt when no event here
  // has it.
  std::optional<std::vector<FramePtr>> AfterId(absl::string_view id) const;

  // The events from `seq` on; nullopt when some of them have left already.
  std::optional<std::vector<FramePtr>> FromSeq(uint64_t seq) const;

  // The `seq` to go on from after the newest event with this id; nullopt as
  // AfterId.
  std::optional<uint64_t> SeqAfterId(absl::string_view id) const;

  // Appends events from *seq on, until they are `max_bytes` or more, and moves
  // *seq on. False when some of them have left already.
  bool AppendFrom(uint64_t* seq, size_t max_bytes,
                  std::vector<FramePtr>* frames) const;

  void Clear();

  size_t events() const { return entries_.size(); }
  size_t bytes() const { return bytes_; }

  // The id of the oldest event here that has one; empty when there is none.
  absl::string_view oldest_id() const;

 private:
  struct Entry {
    uint64_t seq;
    std::string id;
    FramePtr frame;
    absl::Duration added;
  };

  void DropOldest();
  std::vector<FramePtr> FramesFrom(size_t index) const;

  const Limits limits_;
  std::string first_id_;
  std::deque<Entry> entries_;
  size_t bytes_ = 0;
  uint64_t next_seq_ = 0;  // one more than the newest event's
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_REPLAY_BUFFER_H_
