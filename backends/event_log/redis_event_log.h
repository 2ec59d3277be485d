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

// An EventLog in a Redis server (7 or later; not a Redis Cluster), for any
// number of processes. What is acknowledged is as durable as the server's
// append-only file: `appendonly yes` and `appendfsync always` for kill -9 and
// loss of power; Open warns of less.
//
// While the server is away appends wait for it for a while, streams stay open
// and go on where they were, and everything else is Unavailable.
class RedisEventLog : public EventLog {
 public:
  // Fails when the server cannot be reached.
  static absl::StatusOr<std::unique_ptr<RedisEventLog>> Open(
      const RedisAddress& address, Limits limits);
  // Writes what was appended, if the server is there, and makes all callbacks.
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
  // Publishes what was held for the topic.
  void LetGo(absl::string_view topic);

  RedisClient client_;
  RecentEvents recent_;
  const std::shared_ptr<Subscribers> subscribers_;

  Mutex mu_;
  // Broadcasts by topic, for when this process itself hears the topic.
  std::map<std::string, std::vector<std::string>> held_ ABSL_GUARDED_BY(mu_);
  size_t held_count_ ABSL_GUARDED_BY(mu_) = 0;

  CallbackThread callbacks_;
  RedisWriter writer_;
  std::unique_ptr<RedisFollower> follower_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_EVENT_LOG_H_
