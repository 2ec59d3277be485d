#include "backends/event_log/subscribers.h"

#include <algorithm>
#include <utility>

namespace sse_bridge {

void Subscribers::SetWatch(Watch watch) {
  MutexLock lock(&mu_);
  watch_ = std::move(watch);
}

EventLog::Subscription Subscribers::Add(
    absl::string_view topic, std::weak_ptr<EventLog::Subscriber> subscriber) {
  auto entry = std::make_shared<Entry>(std::move(subscriber));
  std::string name(topic);
  {
    MutexLock lock(&mu_);
    Entries& entries = topics_[name];
    entries.push_back(entry);
    if (entries.size() == 1 && watch_.first) watch_.first(name);
  }
  return EventLog::Subscription(
      entry.get(),
      [self = weak_from_this(), name = std::move(name), entry = entry](void*) {
        entry->active = false;
        if (auto subscribers = self.lock()) subscribers->Remove(name, entry);
      });
}

void Subscribers::ForEach(
    absl::string_view topic,
    const std::function<void(EventLog::Subscriber*)>& call) {
  Entries entries;
  {
    MutexLock lock(&mu_);
    auto found = topics_.find(topic);
    if (found == topics_.end()) return;
    entries = found->second;
  }
  for (const std::shared_ptr<Entry>& entry : entries) {
    std::shared_ptr<EventLog::Subscriber> subscriber = entry->subscriber.lock();
    if (subscriber != nullptr && entry->active) call(subscriber.get());
  }
}

void Subscribers::Remove(const std::string& topic,
                         const std::shared_ptr<Entry>& entry) {
  MutexLock lock(&mu_);
  auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  Entries& entries = found->second;
  auto position = std::find(entries.begin(), entries.end(), entry);
  if (position == entries.end()) return;
  std::swap(*position, entries.back());
  entries.pop_back();
  if (!entries.empty()) return;
  topics_.erase(found);
  if (watch_.none) watch_.none(topic);
}

}  // namespace sse_bridge
