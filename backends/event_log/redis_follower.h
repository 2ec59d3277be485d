#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_FOLLOWER_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_FOLLOWER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/redis/redis_address.h"
#include "bridge/redis/redis_connection.h"

namespace sse_bridge {

// Receives the events of followed topics over its own connection: Redis
// publishes each append. The connection is restored if it breaks. No event is
// lost, because every (re)subscription is reported through `live`: later events
// are announced, and earlier ones must be read.
//
// Thread-safe. Handlers run on one thread, with no lock held.
class RedisFollower {
 public:
  struct Handlers {
    // An event was appended to the topic, after the event `before`.
    std::function<void(const std::string& topic, int64_t before, int64_t id,
                       std::string payload)>
        event;
    std::function<void(const std::string& topic, std::string payload)>
        broadcast;
    // The topic is subscribed from now on.
    std::function<void(const std::string& topic)> live;
  };

  RedisFollower(RedisAddress address, Handlers handlers);
  ~RedisFollower();

  // No handler is called after this has returned.
  void Stop();

  void Follow(absl::string_view topic);
  void Unfollow(absl::string_view topic);

  bool connected() const { return connected_; }

  // Returns whether the topic is followed but not subscribed yet.
  bool pending(absl::string_view topic) const;

 private:
  std::string Channel(absl::string_view topic) const;
  void Run();
  // Returns when the connection breaks or the follower stops.
  absl::Status Listen(RedisConnection* connection);
  absl::Status SendWishes(RedisConnection* connection);
  void Hear(const RedisReply& reply);
  void HearMessage(const std::string& topic, absl::string_view message);
  bool stopped() const;
  void Wake();
  void Sleep(absl::Duration duration);

  const RedisAddress address_;
  const Handlers handlers_;
  const int wake_fd_;
  std::atomic<bool> connected_{false};

  mutable Mutex mu_;
  // Followed topics, and whether they are subscribed.
  absl::flat_hash_map<std::string, bool> topics_ ABSL_GUARDED_BY(mu_);
  // Topics that were followed or left since the last command was sent.
  absl::flat_hash_set<std::string> changed_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  // Number of unconfirmed subscriptions per topic. Used by the thread only.
  absl::flat_hash_map<std::string, int> unconfirmed_;
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_FOLLOWER_H_
