#ifndef SSE_BRIDGE_TESTS_SIMULATION_TOPICS_H_
#define SSE_BRIDGE_TESTS_SIMULATION_TOPICS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sse_bridge {

// What a stream delivers, and what browsers are promised of it.
enum class TopicKind {
  kLog,     // shared, with ids: every event once and in order
  kMine,    // the same for one user, with a call for each browser
  kRoom,    // shared, with ids, admission and events for some users only
  kPrices,  // shared values by key: the newest of each key
  kJob,     // a call for each browser, which ends
};

struct TopicEvent {
  uint64_t number;  // from 1; for kPrices, the version of its key
  std::string key;
  std::set<std::string> only_to;  // empty: everybody
  std::string text;               // the event's data, unique
};

// The truth about a topic: what the backend has published. Browsers compare
// what they receive with it.
struct BackendTopic {
  std::string name;
  TopicKind kind = TopicKind::kLog;
  std::vector<TopicEvent> events;  // ever; number = index + 1, unless kPrices
  uint64_t kept_from = 1;          // the backend has forgotten those before
  int end_code = 0;                // of a kJob
  absl::Time called = absl::InfinitePast();  // last
  std::set<int> end_codes;                   // ... with these codes
  std::set<std::string> banned;              // from a kRoom

  uint64_t last() const { return events.size(); }
  std::string IdOf(uint64_t number) const;
  // nullopt if the id is not one of this topic's.
  std::optional<uint64_t> NumberOf(absl::string_view id) const;
  static bool Sees(const TopicEvent& event, const std::string& user) {
    return event.only_to.empty() || event.only_to.contains(user);
  }
  // Returns the first event after `number` that the user sees, or null.
  const TopicEvent* NextFor(uint64_t number, const std::string& user) const;
  // The newest value of each key.
  std::map<std::string, const TopicEvent*> Values() const;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_TOPICS_H_
