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

// Hears of what happens on the topics that are followed, over one connection of
// its own: Redis publishes each append. The connection is made again when it
// breaks. Nothing is lost by that, because every (re)subscription is told as
// `live`: then everything since is announced, and before it must be read.
//
// Thread-safe. Handlers are called from one thread, with no lock held.
class RedisFollower {
 public:
  struct Handlers {
    // Appended to the topic, after the event `before`.
    std::function<void(const std::string& topic, int64_t before, int64_t id,
                       std::string payload)>
        event;
    std::function<void(const std::string& topic, std::string payload)>
        broadcast;
    // From now on the topic is heard.
    std::function<void(const std::string& topic)> live;
  };

  RedisFollower(RedisAddress address, Handlers handlers);
  ~RedisFollower();

  // No handler is called any more once this has returned.
  void Stop();

  void Follow(absl::string_view topic);
  void Unfollow(absl::string_view topic);

  bool connected() const { return connected_; }

  // Whether the topic is followed, but not heard yet.
  bool pending(absl::string_view topic) const;

 private:
  std::string Channel(absl::string_view topic) const;
  void Run();
  // Until the connection breaks or the follower stops.
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
  // Topics that are followed, and whether they are heard.
  absl::flat_hash_map<std::string, bool> topics_ ABSL_GUARDED_BY(mu_);
  // Whose following has changed since it was sent.
  absl::flat_hash_set<std::string> changed_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  // Subscriptions sent and not confirmed yet, per topic. Of the thread.
  absl::flat_hash_map<std::string, int> unconfirmed_;
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_FOLLOWER_H_
