#ifndef SSE_BRIDGE_BRIDGE_FEED_SNAPSHOT_H_
#define SSE_BRIDGE_BRIDGE_FEED_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

// What a new subscriber of a shared feed receives first: nothing, the last
// event, or the last event of each key (sse.v1.Snapshot).
//
// Not thread-safe; protected by the feed's lock.
class Snapshot {
 public:
  enum class What { kNone, kLast, kLastPerKey };

  // If there are more keys, the oldest are removed.
  static constexpr size_t kMaxKeys = 10'000;

  explicit Snapshot(What what) : what_(what) {}

  // An event for an audience (FrameInfo::audience) replaces only events of the
  // same key for the same audience: other subscribers keep their value. Its
  // readers receive both, in order of arrival.
  void Add(absl::string_view key, FramePtr frame);

  // Returns the events in order of arrival.
  std::vector<FramePtr> Frames() const;

  // Appends events in order of arrival, starting at age *age and ending before
  // age `end`, until they reach `max_bytes`. Advances *age, to `end` if no more
  // events are left. Ages are numbered by arrival; a newer event of a key
  // replaces the older one.
  void AppendFrom(uint64_t* age, uint64_t end, size_t max_bytes,
                  std::vector<FramePtr>* frames) const;

  // The age of the next event.
  uint64_t next_age() const { return next_; }

  What what() const { return what_; }

 private:
  struct Entry {
    std::string key;
    FramePtr frame;
  };

  const What what_;
  uint64_t next_ = 0;
  std::map<uint64_t, Entry> by_age_;
  absl::flat_hash_map<std::string, uint64_t> age_of_key_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_SNAPSHOT_H_
