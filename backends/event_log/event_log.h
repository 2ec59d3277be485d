#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_EVENT_LOG_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sse_bridge {

// One event of a topic.
struct LoggedEvent {
  std::string cursor;  // empty for an ephemeral event, from Broadcast
  std::string payload;
};

// Returns whether cursor `a` is before `b`; both must be from the same log.
// Every engine's cursors are ordered by length, then bytewise, like decimal
// numbers.
inline bool CursorBefore(absl::string_view a, absl::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// The durable log in which the services store events and state; independent of
// the engine. A topic is created by its first event. Within a topic, cursors
// are opaque, never reused, and ordered like the events.
//
// Thread-safe. Callbacks run on the log's own threads, with no lock held. They
// must not block and may call the log.
class EventLog {
 public:
  struct Limits {
    size_t max_events_per_topic = 10'000;
    absl::Duration max_age = absl::Hours(24 * 30);
    // Number of topics for which the exact trim position is stored. Beyond it,
    // positions unchanged for longest are forgotten: cursors that are as old
    // count as expired, even if no event was missed.
    size_t max_trimmed_topics = 100'000;
  };

  // A change of state, in one transaction with an append.
  struct Change {
    std::string key;
    std::string value;
    bool erase = false;
    // The value is removed some time after it is older than Limits::max_age.
    bool expires = false;
  };

  // A precondition of an append: the key has no value, or this one. An empty
  // key means no condition.
  struct Condition {
    std::string key;
    std::optional<std::string> value;
  };

  // Receives what happens on a topic. `OnEvents` means only that there may be
  // new events to Read; `OnBroadcast` carries an ephemeral payload.
  class Subscriber {
   public:
    virtual ~Subscriber() = default;
    virtual void OnEvents() = 0;
    virtual void OnBroadcast(const std::string& payload) = 0;
  };

  // (status, cursor of the event; empty if nothing was appended)
  using Done = std::function<void(absl::Status, std::string)>;

  virtual ~EventLog() = default;

  // Appends one event (none if `topic` is empty) and applies the changes
  // atomically. Calls `done` once the result is durable: acknowledged data
  // survives kill -9. Errors are kUnavailable or kResourceExhausted (full
  // disk). If `condition` does not hold, nothing changes, and the error is
  // kAlreadyExists (the key has a value), kNotFound (it has none) or
  // kFailedPrecondition (it has another one, which is the message).
  virtual void Append(std::string topic, std::string payload,
                      std::vector<Change> changes, Condition condition,
                      Done done) = 0;

  // Returns up to `limit` events after `after` (empty: from the oldest kept),
  // oldest first. Returns kOutOfRange if `after` is not a cursor of this log,
  // or if later events are no longer kept.
  virtual absl::StatusOr<std::vector<LoggedEvent>> Read(absl::string_view topic,
                                                        absl::string_view after,
                                                        size_t limit) = 0;

  // Returns the newest event, or kNotFound if there is none.
  virtual absl::StatusOr<LoggedEvent> Last(absl::string_view topic) = 0;

  // Returns a cursor at or after all current events of the topic; for an empty
  // topic, one that is before all future events.
  virtual absl::StatusOr<std::string> Head(absl::string_view topic) = 0;

  // Returns the cursor of the oldest event kept; empty if there is none.
  virtual absl::StatusOr<std::string> Oldest(absl::string_view topic) = 0;

  // Sends a payload to the current subscribers in every process; it is not
  // stored. Subscribers in all processes receive a topic's broadcasts in the
  // same order.
  virtual void Broadcast(absl::string_view topic, std::string payload) = 0;

  // Ends when destroyed. Afterwards no callback starts, but one that has
  // started may still run (the subscriber is kept alive meanwhile).
  using Subscription = std::shared_ptr<void>;
  [[nodiscard]] virtual Subscription Subscribe(
      absl::string_view topic, std::weak_ptr<Subscriber> subscriber) = 0;

  // Returns the values of the keys, in order; nullopt for a key without a
  // value.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> GetAll(
      const std::vector<std::string>& keys) = 0;

  // Like GetAll, for one key. Returns kNotFound if it has no value.
  absl::StatusOr<std::string> Get(std::string key);

  // Returns whether the last use of the log succeeded.
  virtual bool available() const { return true; }
};

// `store` is "sqlite:PATH", "sqlite::memory:" or "redis://HOST:PORT[/DB]".
// Returns kInvalidArgument for anything else, and the engine's error if the
// store cannot be opened.
absl::StatusOr<std::unique_ptr<EventLog>> OpenEventLog(absl::string_view store,
                                                       EventLog::Limits limits);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_EVENT_LOG_H_
