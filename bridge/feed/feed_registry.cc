#include "bridge/feed/feed_registry.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sse_bridge {

std::unique_ptr<Place> FeedRegistry::Join(const std::string& key,
                                          Feed::Config config,
                                          const std::string* last_event_id,
                                          std::weak_ptr<FeedWaiter> waiter) {
  if (last_event_id == nullptr) {
    return JoinOrStart(key, std::move(config), std::move(waiter));
  }
  if (std::shared_ptr<Feed> feed = Find(key)) {
    if (auto place = feed->Join(last_event_id, waiter)) return place;
  }
  if (!config.request_after) {
    return JoinOrStart(key, std::move(config), std::move(waiter));
  }
  config.request = config.request_after(*last_event_id);
  // A snapshot would be news that this subscriber may have had already.
  config.snapshot = Snapshot::What::kNone;
  return JoinOrStart(absl::StrCat(key, "\n", *last_event_id), std::move(config),
                     std::move(waiter));
}

std::unique_ptr<Place> FeedRegistry::JoinOrStart(
    const std::string& key, Feed::Config config,
    std::weak_ptr<FeedWaiter> waiter) {
  config.on_end = [this, key](const Feed* feed) { Remove(key, feed); };
  for (;;) {
    std::shared_ptr<Feed> feed;
    bool created = false;
    {
      MutexLock lock(&mu_);
      std::shared_ptr<Feed>& entry = feeds_[key];
      created = entry == nullptr;
      if (created) entry = Feed::Create(context_, config);
      feed = entry;
    }
    // The call begins outside the lock: it may fail at once and end the feed.
    auto place = feed->Join(nullptr, waiter);
    if (created) feed->Begin();
    if (place != nullptr) return place;
    Remove(key, feed.get());
  }
}

std::shared_ptr<Feed> FeedRegistry::Find(const std::string& key) const {
  MutexLock lock(&mu_);
  auto it = feeds_.find(key);
  return it == feeds_.end() ? nullptr : it->second;
}

void FeedRegistry::Remove(const std::string& key, const Feed* feed) {
  MutexLock lock(&mu_);
  auto it = feeds_.find(key);
  if (it != feeds_.end() && it->second.get() == feed) feeds_.erase(it);
}

size_t FeedRegistry::size() const {
  MutexLock lock(&mu_);
  return feeds_.size();
}

void FeedRegistry::StopAll(const absl::Status& why) {
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    MutexLock lock(&mu_);
    feeds.reserve(feeds_.size());
    for (const auto& [key, feed] : feeds_) feeds.push_back(feed);
  }
  for (const auto& feed : feeds) feed->Stop(why);
}

}  // namespace sse_bridge
