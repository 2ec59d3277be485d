#include "tests/simulation/topics.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sse_bridge {

std::string BackendTopic::IdOf(uint64_t number) const {
  return absl::StrCat(name, ".", number);
}

std::optional<uint64_t> BackendTopic::NumberOf(absl::string_view id) const {
  uint64_t number = 0;
  if (!absl::ConsumePrefix(&id, name) || !absl::ConsumePrefix(&id, ".") ||
      !absl::SimpleAtoi(id, &number) || number > last()) {
    return std::nullopt;
  }
  return number;
}

const TopicEvent* BackendTopic::NextFor(uint64_t number,
                                        const std::string& user) const {
  for (size_t i = number; i < events.size(); ++i) {
    if (Sees(events[i], user)) return &events[i];
  }
  return nullptr;
}

std::map<std::string, const TopicEvent*> BackendTopic::Values() const {
  std::map<std::string, const TopicEvent*> values;
  for (const TopicEvent& event : events) values[event.key] = &event;
  return values;
}

}  // namespace sse_bridge
