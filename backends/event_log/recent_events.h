#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_RECENT_EVENTS_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_RECENT_EVENTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Caches the newest events of followed topics, so that an event that many
// streams wait for is fetched once instead of once per stream.
//
// Thread-safe.
class RecentEvents {
 public:
  static constexpr size_t kMaxEvents = 64;        // per topic
  static constexpr size_t kMaxBytes = 256 << 10;  // per topic
  static constexpr size_t kMaxTotal = 64 << 20;   // bytes, all topics together

  // Adds an event of the topic; `before` is the id of the preceding event. If
  // the cache does not end with that one, events are missing, and the topic's
  // cached events are discarded.
  void Add(absl::string_view topic, int64_t before, int64_t id,
           std::string payload);

  // Returns up to `limit` events after `after` if none is missing; otherwise
  // empty, and the caller must read the log.
  std::vector<std::pair<int64_t, std::string>> Read(absl::string_view topic,
                                                    int64_t after,
                                                    size_t limit) const;

  // The topic is no longer followed.
  void Drop(absl::string_view topic);

 private:
  struct Event {
    int64_t id;
    std::string payload;
  };
  struct Topic {
    int64_t before = 0;  // id of the event before the first one
    std::deque<Event> events;
    size_t bytes = 0;
  };

  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Topic> topics_ ABSL_GUARDED_BY(mu_);
  size_t total_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_RECENT_EVENTS_H_
