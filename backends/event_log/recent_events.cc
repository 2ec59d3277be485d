#include "backends/event_log/recent_events.h"

#include <algorithm>

namespace sse_bridge {

void RecentEvents::Add(absl::string_view topic, int64_t before, int64_t id,
                       std::string payload) {
  MutexLock lock(&mu_);
  if (total_ + payload.size() > kMaxTotal) {
    topics_.clear();
    total_ = 0;
  }
  Topic& kept = topics_[topic];
  if (kept.events.empty() || kept.events.back().id != before) {
    total_ -= kept.bytes;
    kept = Topic();
    kept.before = before;
  }
  kept.bytes += payload.size();
  total_ += payload.size();
  kept.events.push_back(Event{id, std::move(payload)});
  while (kept.events.size() > kMaxEvents || kept.bytes > kMaxBytes) {
    Event& oldest = kept.events.front();
    kept.before = oldest.id;
    kept.bytes -= oldest.payload.size();
    total_ -= oldest.payload.size();
    kept.events.pop_front();
  }
}

std::vector<std::pair<int64_t, std::string>> RecentEvents::Read(
    absl::string_view topic, int64_t after, size_t limit) const {
  std::vector<std::pair<int64_t, std::string>> events;
  MutexLock lock(&mu_);
  auto found = topics_.find(topic);
  if (found == topics_.end() || after < found->second.before) return events;
  const std::deque<Event>& kept = found->second.events;
  auto first = std::upper_bound(
      kept.begin(), kept.end(), after,
      [](int64_t id, const Event& event) { return id < event.id; });
  for (; first != kept.end() && events.size() < limit; ++first) {
    events.emplace_back(first->id, first->payload);
  }
  return events;
}

void RecentEvents::Drop(absl::string_view topic) {
  MutexLock lock(&mu_);
  auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  total_ -= found->second.bytes;
  topics_.erase(found);
}

}  // namespace sse_bridge
