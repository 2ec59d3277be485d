#ifndef SSE_BRIDGE_BRIDGE_FEED_FEED_REGISTRY_H_
#define SSE_BRIDGE_BRIDGE_FEED_FEED_REGISTRY_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/feed/feed.h"
#include "bridge/feed/feed_quota.h"

namespace sse_bridge {

// The shared feeds that run now, by what makes requests identical.
//
// Thread-safe. Must outlive every feed it started.
class FeedRegistry {
 public:
  // `context` and what it points to must outlive the registry.
  // An address may start so many feeds (FeedQuota); 0: no limit.
  explicit FeedRegistry(const FeedContext* context,
                        size_t feeds_per_address = 0)
      : context_(context), quota_(feeds_per_address) {}

  // Takes a place in the feed for `key`, started from `config` when there is
  // none. With `last_event_id`: in a running feed whose replay buffer has the
  // id; else in a feed that resumes at the backend (shared by all who ask for
  // the same), when config.request_after can; else as on a first visit, after a
  // `reset`.
  //
  // A feed that is started counts for `address` until it is over, whoever joins
  // it. When the address has too many, those give way that only linger; else
  // ResourceExhausted.
  absl::StatusOr<std::unique_ptr<PendingSubscriber>> Join(
      const std::string& key, absl::string_view address, Feed::Config config,
      const std::string* last_event_id, std::weak_ptr<FeedWaiter> waiter);

  // ResourceExhausted when those of the keys that have no feed yet are more
  // than the address may start. Join has the last word.
  absl::Status CheckQuota(absl::string_view address,
                          const std::vector<std::string>& keys);

  // Counts a feed that is nobody else's to join.
  absl::StatusOr<std::shared_ptr<FeedQuota::Charge>> ChargeOwn(
      absl::string_view address, size_t request_bytes);

  // Feeds that run now.
  size_t size() const;

  // Ends every feed: their subscribers are told `why`.
  void StopAll(const absl::Status& why);

 private:
  // The feeds of identical requests: by what their first calls resumed after,
  // empty for the one that began at the beginning.
  using Group = std::map<std::string, std::shared_ptr<Feed>>;

  absl::StatusOr<std::unique_ptr<PendingSubscriber>> JoinOrStart(
      const std::string& key, absl::string_view address, Feed::Config config,
      std::weak_ptr<FeedWaiter> waiter);
  std::shared_ptr<Feed> FindOrCreate(const std::string& key,
                                     absl::string_view address,
                                     const Feed::Config& config, bool* created);
  // Ends the address's feeds that nobody subscribes to.
  void EndIdle(absl::string_view address);
  absl::Status TooMany() const;
  // Up to kMaxSearched, the one from the beginning first.
  std::vector<std::shared_ptr<Feed>> FindGroup(const std::string& key) const;
  void Remove(const std::string& key, const std::string& first_id,
              const std::string& address, const Feed* feed);

  const FeedContext* const context_;
  FeedQuota quota_;
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Group> groups_ ABSL_GUARDED_BY(mu_);
  // By the address that they count for.
  absl::flat_hash_map<std::string,
                      absl::flat_hash_map<const Feed*, std::weak_ptr<Feed>>>
      by_address_ ABSL_GUARDED_BY(mu_);
  size_t size_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_REGISTRY_H_
