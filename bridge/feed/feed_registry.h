#ifndef SSE_BRIDGE_BRIDGE_FEED_FEED_REGISTRY_H_
#define SSE_BRIDGE_BRIDGE_FEED_FEED_REGISTRY_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "bridge/base/mutex.h"
#include "bridge/feed/feed.h"

namespace sse_bridge {

// The shared feeds that run now, by what makes requests identical.
//
// Thread-safe. Must outlive every feed it started.
class FeedRegistry {
 public:
  // `context` and what it points to must outlive the registry.
  explicit FeedRegistry(const FeedContext* context) : context_(context) {}

  // Takes a place in the feed for `key`, started from `config` when there is
  // none. With `last_event_id`: in a running feed whose replay buffer has the
  // id; else in a feed that resumes at the backend (shared by all who ask for
  // the same), when config.request_after can; else as on a first visit, after a
  // `reset`.
  std::unique_ptr<Place> Join(const std::string& key, Feed::Config config,
                              const std::string* last_event_id,
                              std::weak_ptr<FeedWaiter> waiter);

  // Feeds that run now.
  size_t size() const;

  // Ends every feed: their subscribers are told `why`.
  void StopAll(const absl::Status& why);

 private:
  // The feeds of identical requests: by what their first calls resumed after,
  // empty for the one that began at the beginning.
  using Group = std::map<std::string, std::shared_ptr<Feed>>;

  std::unique_ptr<Place> JoinOrStart(const std::string& key,
                                     Feed::Config config,
                                     std::weak_ptr<FeedWaiter> waiter);
  // Up to kMaxSearched, the one from the beginning first.
  std::vector<std::shared_ptr<Feed>> FindGroup(const std::string& key) const;
  void Remove(const std::string& key, const std::string& first_id,
              const Feed* feed);

  const FeedContext* const context_;
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Group> groups_ ABSL_GUARDED_BY(mu_);
  size_t size_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_REGISTRY_H_
