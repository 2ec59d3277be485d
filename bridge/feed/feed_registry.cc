#include "bridge/feed/feed_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/feed/reset_event.h"

namespace sse_bridge {
namespace {

// Limits the replay buffers searched per client when many browsers return at
// once.
constexpr size_t kMaxSearched = 16;

}  // namespace

absl::StatusOr<std::unique_ptr<PendingSubscriber>> FeedRegistry::Join(
    const std::string& key, absl::string_view address, Feed::Config config,
    const std::string* last_event_id, std::weak_ptr<FeedWaiter> waiter) {
  if (last_event_id == nullptr) {
    return JoinOrStart(key, address, std::move(config), std::move(waiter),
                       How());
  }
  std::string oldest;
  for (const std::shared_ptr<Feed>& feed : FindGroup(key)) {
    if (auto subscriber = feed->Join(last_event_id, waiter)) return subscriber;
    if (oldest.empty()) oldest = feed->OldestId();
  }
  if (!config.request_after ||
      !config.request_after(*last_event_id).has_value()) {
    auto subscriber =
        JoinOrStart(key, address, std::move(config), std::move(waiter), How());
    if (subscriber.ok())
      (*subscriber)->BeginWith(ResetFrame(*last_event_id, oldest));
    return subscriber;
  }
  config.first_id = *last_event_id;
  // A snapshot may repeat events that this subscriber has already received.
  config.snapshot = Snapshot::What::kNone;
  return JoinOrStart(key, address, std::move(config), std::move(waiter), How());
}

absl::StatusOr<std::unique_ptr<PendingSubscriber>> FeedRegistry::JoinAt(
    const std::string& key, absl::string_view address, Feed::Config config,
    const std::string& id, std::weak_ptr<FeedWaiter> waiter, bool first_visit,
    bool start) {
  for (const std::shared_ptr<Feed>& feed : FindGroup(key)) {
    auto subscriber =
        first_visit ? feed->JoinAt(id, waiter) : feed->Join(&id, waiter);
    if (subscriber != nullptr) return subscriber;
  }
  config.first_id = id;
  config.snapshot = Snapshot::What::kNone;
  return JoinOrStart(key, address, std::move(config), std::move(waiter),
                     {.first_visit = first_visit, .only = !start});
}

absl::StatusOr<std::unique_ptr<PendingSubscriber>> FeedRegistry::JoinOrStart(
    const std::string& key, absl::string_view address, Feed::Config config,
    std::weak_ptr<FeedWaiter> waiter, How how) {
  const std::string first_id = config.first_id;
  const std::string payer(address);
  config.on_end = [this, key, first_id, payer](const Feed* feed) {
    Remove(key, first_id, payer, feed);
  };
  bool others_gave_way = false;
  for (;;) {
    bool exists = false, created = false;
    const std::shared_ptr<Feed> feed =
        FindOrCreate(key, address, config, how.only, &exists, &created);
    if (exists) return nullptr;
    if (feed == nullptr) {
      if (std::exchange(others_gave_way, true)) return TooMany();
      EndIdle(address);
      continue;
    }
    // Start the call outside the lock: it may fail immediately and end the
    // feed.
    auto subscriber = how.first_visit
                          ? feed->JoinAt(first_id, waiter, config.early_loss)
                          : feed->Join(first_id.empty() ? nullptr : &first_id,
                                       waiter, config.early_loss);
    if (created) feed->Begin();
    if (subscriber != nullptr) return subscriber;
    // It has ended, or the events after the id have left its buffer; it
    // continues for its current subscribers.
    Remove(key, first_id, payer, feed.get());
  }
}

// Null if the address may not start another feed.
std::shared_ptr<Feed> FeedRegistry::FindOrCreate(const std::string& key,
                                                 absl::string_view address,
                                                 const Feed::Config& config,
                                                 bool only, bool* exists,
                                                 bool* created) {
  MutexLock lock(&mu_);
  if (const auto group = groups_.find(key); group != groups_.end()) {
    const auto found = group->second.find(config.first_id);
    if (found != group->second.end()) return found->second;
    if (only && !group->second.empty()) {
      *exists = true;
      return nullptr;
    }
  }
  Feed::Config charged = config;
  // The key contains the request and the client's own metadata.
  charged.charge = quota_.Take(address, FeedQuota::WeightOf(key.size()));
  if (charged.charge == nullptr) return nullptr;
  auto feed = Feed::Create(context_, std::move(charged));
  groups_[key][config.first_id] = feed;
  by_address_[address][feed.get()] = feed;
  ++size_;
  *created = true;
  return feed;
}

absl::Status FeedRegistry::CheckQuota(absl::string_view address,
                                      const std::vector<std::string>& keys) {
  size_t weight = 0;
  {
    MutexLock lock(&mu_);
    for (const std::string& key : keys) {
      if (groups_.contains(key)) continue;
      weight += FeedQuota::WeightOf(key.size());
    }
  }
  if (weight == 0 || quota_.HasCapacity(address, weight))
    return absl::OkStatus();
  EndIdle(address);
  return quota_.HasCapacity(address, weight) ? absl::OkStatus() : TooMany();
}

absl::StatusOr<std::shared_ptr<FeedQuota::Charge>> FeedRegistry::ChargeOwn(
    absl::string_view address, size_t request_bytes) {
  const size_t weight = FeedQuota::WeightOf(request_bytes);
  auto charge = quota_.Take(address, weight);
  if (charge == nullptr) {
    EndIdle(address);
    charge = quota_.Take(address, weight);
  }
  if (charge == nullptr) return TooMany();
  return charge;
}

absl::Status FeedRegistry::TooMany() const {
  return absl::ResourceExhaustedError(
      absl::StrCat("too many different streams from this address "
                   "(max_feeds_per_address is ",
                   quota_.per_address(), "); retry later"));
}

void FeedRegistry::EndIdle(absl::string_view address) {
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    MutexLock lock(&mu_);
    const auto own = by_address_.find(address);
    if (own == by_address_.end()) return;
    feeds.reserve(own->second.size());
    for (const auto& [pointer, weak] : own->second) {
      if (auto feed = weak.lock()) feeds.push_back(std::move(feed));
    }
  }
  for (const std::shared_ptr<Feed>& feed : feeds) feed->EndIfIdle();
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
                          const std::string& address, const Feed* feed) {
  MutexLock lock(&mu_);
  if (const auto own = by_address_.find(address); own != by_address_.end()) {
    own->second.erase(feed);
    if (own->second.empty()) by_address_.erase(own);
  }
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
