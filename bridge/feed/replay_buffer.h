#ifndef SSE_BRIDGE_BRIDGE_FEED_REPLAY_BUFFER_H_
#define SSE_BRIDGE_BRIDGE_FEED_REPLAY_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

// The newest events of a feed, for clients that return with Last-Event-ID and
// for new subscribers whose connection is not attached yet. Limited by number
// of events, bytes and age; the oldest events are removed first. While a
// subscriber waits for its connection, only `max_waiting_bytes` limits them, so
// that a burst does not pass it by.
//
// Not thread-safe; protected by the feed's lock.
class ReplayBuffer {
 public:
  struct Limits {
    size_t max_events = 1024;
    size_t max_bytes = size_t{1} << 20;
    absl::Duration max_age = absl::Minutes(5);
    // Counts payloads and this buffer's own memory. Has no effect below
    // max_bytes.
    size_t max_waiting_bytes = size_t{1} << 20;
  };

  // `first_id` is the id of the event before the first one added, if known. It
  // is used until an event has been removed from the buffer.
  explicit ReplayBuffer(Limits limits, std::string first_id = "")
      : limits_(limits), first_id_(std::move(first_id)) {}

  // `seq` must be greater than the previous event's. `id` is empty if the event
  // has none. `waits`: a subscriber waits for its connection. `now` is
  // monotonic.
  void Add(uint64_t seq, absl::string_view id, FramePtr frame, bool waits,
           absl::Duration now);

  // Whether Add removes events if the next one has this size and a subscriber
  // waits.
  bool RemovesFor(size_t bytes) const;

  // Removes what exceeds the limits. Call when no subscriber waits any more.
  void Trim(absl::Duration now);

  // Returns the events after the newest one with this id; nullopt if no event
  // in the buffer has it.
  std::optional<std::vector<FramePtr>> AfterId(absl::string_view id) const;

  // As AfterId, but only the events that have an id.
  std::optional<std::vector<FramePtr>> WithIdAfter(absl::string_view id) const;

  // Returns the events from `seq` on; nullopt if some of them have been
  // removed.
  std::optional<std::vector<FramePtr>> FromSeq(uint64_t seq) const;

  // Returns the `seq` from which to continue after the newest event with this
  // id; nullopt like AfterId.
  std::optional<uint64_t> SeqAfterId(absl::string_view id) const;

  // Appends events from *seq on until they reach `max_bytes`, and advances
  // *seq. Returns false if some of them have been removed.
  bool AppendFrom(uint64_t* seq, size_t max_bytes,
                  std::vector<FramePtr>* frames) const;

  void Clear();

  size_t events() const { return entries().size(); }
  size_t bytes() const { return bytes_; }

  // Returns the id of the oldest event that has one; empty if there is none.
  absl::string_view oldest_id() const;

 private:
  struct Entry {
    uint64_t seq;
    std::string id;
    FramePtr frame;
    absl::Duration added;
  };

  const std::deque<Entry>& entries() const;
  void DropOldest();
  // The index of the event after the newest one with this id; nullopt if no
  // event in the buffer has it.
  std::optional<size_t> IndexAfterId(absl::string_view id) const;
  std::vector<FramePtr> FramesFrom(size_t index) const;

  const Limits limits_;
  std::string first_id_;
  // Null if empty: a deque takes memory even then, which an exclusive feed
  // would never use.
  std::unique_ptr<std::deque<Entry>> entries_;
  size_t bytes_ = 0;
  uint64_t next_seq_ = 0;  // one more than that of the newest event
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_REPLAY_BUFFER_H_
