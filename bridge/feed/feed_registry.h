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

// The running shared feeds, by a key that is the same for identical requests.
//
// Thread-safe. Must outlive every feed it started.
class FeedRegistry {
 public:
  // `context` and everything it points to must outlive the registry.
  // `feeds_per_address` limits the feeds that an address may start (FeedQuota);
  // 0 disables the limit.
  explicit FeedRegistry(const FeedContext* context,
                        size_t feeds_per_address = 0)
      : context_(context), quota_(feeds_per_address) {}

  // Joins the feed for `key`, or starts it from `config` if there is none. With
  // `last_event_id`, joins a running feed whose replay buffer has the id;
  // otherwise one that resumes at the backend (shared by all clients that
  // request the same), if config.request_after supports it; otherwise begins
  // like a first visit, after a `reset` event. So there is a `reset` only if
  // neither the bridge nor the backend has the event (NoNeedlessReset in
  // model/resume.pml).
  //
  // A new feed counts for `address` until it ends, whoever joins it. If the
  // address has too many, its lingering feeds without subscribers are ended; if
  // that is not enough, returns kResourceExhausted.
  absl::StatusOr<std::unique_ptr<PendingSubscriber>> Join(
      const std::string& key, absl::string_view address, Feed::Config config,
      const std::string* last_event_id, std::weak_ptr<FeedWaiter> waiter);

  // Joins a feed for `key` after the event `id`, which a feed may not have
  // received yet: on a first visit, the backend has told the id in another
  // response; a returning client has received it from another bridge. If feeds
  // are running but none has the event, returns null, or with `start` starts
  // one that resumes after it, which config.request_after must support. If none
  // is running, starts one.
  absl::StatusOr<std::unique_ptr<PendingSubscriber>> JoinAt(
      const std::string& key, absl::string_view address, Feed::Config config,
      const std::string& id, std::weak_ptr<FeedWaiter> waiter, bool first_visit,
      bool start);

  // Returns kResourceExhausted if the address may not start feeds for all keys
  // that have none yet. Join still makes the final decision.
  absl::Status CheckQuota(absl::string_view address,
                          const std::vector<std::string>& keys);

  // Counts a feed that is not shared.
  absl::StatusOr<std::shared_ptr<FeedQuota::Charge>> ChargeOwn(
      absl::string_view address, size_t request_bytes);

  // Number of running feeds.
  size_t size() const;

  // Ends every feed; its subscribers receive `why`.
  void StopAll(const absl::Status& why);

 private:
  // The feeds of identical requests, by the id after which their first call
  // resumed; empty for the one that started from the beginning.
  using Group = std::map<std::string, std::shared_ptr<Feed>>;

  struct How {
    bool first_visit = false;  // after config.first_id: Feed::JoinAt
    bool only = false;         // start no second feed for the key
  };

  // Returns null if only another feed for the key is running (How::only).
  absl::StatusOr<std::unique_ptr<PendingSubscriber>> JoinOrStart(
      const std::string& key, absl::string_view address, Feed::Config config,
      std::weak_ptr<FeedWaiter> waiter, How how);
  // Sets *exists and returns null if `only` and there is another feed.
  std::shared_ptr<Feed> FindOrCreate(const std::string& key,
                                     absl::string_view address,
                                     const Feed::Config& config, bool only,
                                     bool* exists, bool* created);
  // Ends the address's feeds that have no subscribers.
  void EndIdle(absl::string_view address);
  absl::Status TooMany() const;
  // Returns up to kMaxSearched feeds, the one from the beginning first.
  std::vector<std::shared_ptr<Feed>> FindGroup(const std::string& key) const;
  void Remove(const std::string& key, const std::string& first_id,
              const std::string& address, const Feed* feed);

  const FeedContext* const context_;
  FeedQuota quota_;
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Group> groups_ ABSL_GUARDED_BY(mu_);
  // Keyed by the address that they count for.
  absl::flat_hash_map<std::string,
                      absl::flat_hash_map<const Feed*, std::weak_ptr<Feed>>>
      by_address_ ABSL_GUARDED_BY(mu_);
  size_t size_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_REGISTRY_H_
