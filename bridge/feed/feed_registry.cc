#include "bridge/feed/feed_registry.h"

#include <utility>

#include "bridge/feed/reset_event.h"

namespace sse_bridge {
namespace {

// In a storm of returning browsers each may look into so many replay buffers.
constexpr size_t kMaxSearched = 16;

}  // namespace

std::unique_ptr<Place> FeedRegistry::Join(const std::string& key,
                                          Feed::Config config,
                                          const std::string* last_event_id,
                                          std::weak_ptr<FeedWaiter> waiter) {
  if (last_event_id == nullptr) {
    return JoinOrStart(key, std::move(config), std::move(waiter));
  }
  std::string oldest;
  for (const std::shared_ptr<Feed>& feed : FindGroup(key)) {
    if (auto place = feed->Join(last_event_id, waiter)) return place;
    if (oldest.empty()) oldest = feed->OldestId();
  }
  if (!config.request_after ||
      !config.request_after(*last_event_id).has_value()) {
    auto place = JoinOrStart(key, std::move(config), std::move(waiter));
    place->BeginWith(ResetFrame(*last_event_id, oldest));
    return place;
  }
  config.first_id = *last_event_id;
  // A snapshot would be news that this subscriber may have had already.
  config.snapshot = Snapshot::What::kNone;
  return JoinOrStart(key, std::move(config), std::move(waiter));
}

std::unique_ptr<Place> FeedRegistry::JoinOrStart(
    const std::string& key, Feed::Config config,
    std::weak_ptr<FeedWaiter> waiter) {
  const std::string first_id = config.first_id;
  config.on_end = [this, key, first_id](const Feed* feed) {
    Remove(key, first_id, feed);
  };
  for (;;) {
    std::shared_ptr<Feed> feed;
    bool created = false;
    {
      MutexLock lock(&mu_);
      std::shared_ptr<Feed>& entry = groups_[key][first_id];
      created = entry == nullptr;
      if (created) {
        entry = Feed::Create(context_, config);
        ++size_;
      }
      feed = entry;
    }
    // The call begins outside the lock: it may fail at once and end the feed.
    auto place = feed->Join(first_id.empty() ? nullptr : &first_id, waiter,
                            config.returning);
    if (created) feed->Begin();
    if (place != nullptr) return place;
    // It has ended, or what came after the id has left its buffer; then it goes
    // on for those it has.
    Remove(key, first_id, feed.get());
  }
}

std::vector<std::shared_ptr<Feed>> FeedRegistry::FindGroup(
    const std::string& key) const {
  std::vector<std::shared_ptr<Feed>> feeds;
  MutexLock lock(&mu_);
  const auto it = groups_.find(key);
  if (it == groups_.end()) return feeds;
  for (const auto& [first_id, feed] : it->second) {
    if (feeds.size() == kMaxSearched) break;
    feeds.push_back(feed);
  }
  return feeds;
}

void FeedRegistry::Remove(const std::string& key, const std::string& first_id,
                          const Feed* feed) {
  MutexLock lock(&mu_);
  const auto group = groups_.find(key);
  if (group == groups_.end()) return;
  const auto it = group->second.find(first_id);
  if (it == group->second.end() || it->second.get() != feed) return;
  group->second.erase(it);
  --size_;
  if (group->second.empty()) groups_.erase(group);
}

size_t FeedRegistry::size() const {
  MutexLock lock(&mu_);
  return size_;
}

void FeedRegistry::StopAll(const absl::Status& why) {
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    MutexLock lock(&mu_);
    feeds.reserve(size_);
    for (const auto& [key, group] : groups_) {
      for (const auto& [first_id, feed] : group) feeds.push_back(feed);
    }
  }
  for (const auto& feed : feeds) feed->Stop(why);
}

}  // namespace sse_bridge
