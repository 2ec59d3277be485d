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

// The newest events of the topics that are followed here, so that an event
// that many streams wait for is fetched once and not once for each.
//
// Thread-safe.
class RecentEvents {
 public:
  static constexpr size_t kMaxEvents = 64;        // of one topic
  static constexpr size_t kMaxBytes = 256 << 10;  // of one topic
  static constexpr size_t kMaxTotal = 64 << 20;   // bytes of all topics

  // An event of the topic, and the id of the one before it. Events between
  // that and what is kept make what is kept useless; it goes.
  void Add(absl::string_view topic, int64_t before, int64_t id,
           std::string payload);

  // Events after `after`, at most `limit`, when it is known that none is
  // missing. Empty: ask elsewhere.
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
    int64_t before = 0;  // the id before the first
    std::deque<Event> events;
    size_t bytes = 0;
  };

  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Topic> topics_ ABSL_GUARDED_BY(mu_);
  size_t total_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_RECENT_EVENTS_H_
