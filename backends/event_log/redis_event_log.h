#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_EVENT_LOG_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/event_log/callback_thread.h"
#include "backends/event_log/event_log.h"
#include "backends/event_log/recent_events.h"
#include "backends/event_log/redis_follower.h"
#include "backends/event_log/redis_writer.h"
#include "backends/event_log/subscribers.h"
#include "bridge/base/mutex.h"
#include "bridge/redis/redis_address.h"
#include "bridge/redis/redis_client.h"

namespace sse_bridge {

// An EventLog in a Redis server (7 or later; not Redis Cluster), for any number
// of processes. Acknowledged writes are as durable as the server's append-only
// file: use `appendonly yes` and `appendfsync always` to survive kill -9 and
// power loss. Open warns if the settings are weaker.
//
// While the server is away, appends wait for a limited time, streams stay open
// and continue afterwards, and all other calls return kUnavailable.
class RedisEventLog : public EventLog {
 public:
  // Fails if the server cannot be reached.
  static absl::StatusOr<std::unique_ptr<RedisEventLog>> Open(
      const RedisAddress& address, Limits limits);
  // Writes pending appends if the server is reachable, and runs all callbacks.
  ~RedisEventLog() override;

  void Append(std::string topic, std::string payload,
              std::vector<Change> changes, Condition condition,
              Done done) override;
  absl::StatusOr<std::vector<LoggedEvent>> Read(absl::string_view topic,
                                                absl::string_view after,
                                                size_t limit) override;
  absl::StatusOr<LoggedEvent> Last(absl::string_view topic) override;
  absl::StatusOr<std::string> Head(absl::string_view topic) override;
  absl::StatusOr<std::string> Oldest(absl::string_view topic) override;
  void Broadcast(absl::string_view topic, std::string payload) override;
  Subscription Subscribe(absl::string_view topic,
                         std::weak_ptr<Subscriber> subscriber) override;
  absl::StatusOr<std::vector<std::optional<std::string>>> GetAll(
      const std::vector<std::string>& keys) override;
  bool available() const override;

 private:
  RedisEventLog(const RedisAddress& address, Limits limits);

  absl::Status Prepare(const RedisAddress& address);
  RedisFollower::Handlers MakeHandlers();
  void TellOfEvents(const std::string& topic);
  void Publish(absl::string_view topic, std::string payload);
  // Publishes the broadcasts held for the topic.
  void LetGo(absl::string_view topic);

  RedisClient client_;
  RecentEvents recent_;
  const std::shared_ptr<Subscribers> subscribers_;

  Mutex mu_;
  // Broadcasts held until this process is subscribed to the topic.
  std::map<std::string, std::vector<std::string>> held_ ABSL_GUARDED_BY(mu_);
  size_t held_count_ ABSL_GUARDED_BY(mu_) = 0;

  CallbackThread callbacks_;
  RedisWriter writer_;
  std::unique_ptr<RedisFollower> follower_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_EVENT_LOG_H_
