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
  std::string cursor;  // empty: ephemeral, from Broadcast
  std::string payload;
};

// Whether cursor `a` is before `b`; both of the same log. Every engine gives
// cursors that are in order by length, then by bytes, as decimal numbers are.
inline bool CursorBefore(absl::string_view a, absl::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// The durable log that the services keep their events and state in, whatever
// engine stands behind it. Topics are made by their first event. Within a topic
// cursors are opaque, unique for ever, and in the order of the events.
//
// Thread-safe. Callbacks come from the log's own threads, with no lock held;
// they must not block and may call the log.
class EventLog {
 public:
  struct Limits {
    size_t max_events_per_topic = 10'000;
    absl::Duration max_age = absl::Hours(24 * 30);
    // Topics of which it is remembered exactly how far they were trimmed. When
    // there are more, the longest unchanged are forgotten: cursors as old as
    // these count as expired, even where nothing was missed.
    size_t max_trimmed_topics = 100'000;
  };

  // State beside the events, changed in one transaction with an append.
  struct Change {
    std::string key;
    std::string value;
    bool erase = false;
    // The value goes some time after it is as old as Limits::max_age.
    bool expires = false;
  };

  // What must hold for an append: the key has no value, or this one. With an
  // empty key nothing is asked for.
  struct Condition {
    std::string key;
    std::optional<std::string> value;
  };

  // What happens on a topic. `OnEvents` says only that there may be something
  // new to Read; `OnBroadcast` carries an ephemeral payload.
  class Subscriber {
   public:
    virtual ~Subscriber() = default;
    virtual void OnEvents() = 0;
    virtual void OnBroadcast(const std::string& payload) = 0;
  };

  // (status, cursor of the event; empty when nothing was appended)
  using Done = std::function<void(absl::Status, std::string)>;

  virtual ~EventLog() = default;

  // Appends one event (none when `topic` is empty) and applies the changes,
  // all or nothing. `done` is called once, when it is durable: what it
  // acknowledges survives kill -9. Unavailable or ResourceExhausted (full
  // disk) otherwise. When `condition` does not hold nothing happens:
  // AlreadyExists (there should be no value), NotFound (there is none) or
  // FailedPrecondition (another; it is the message).
  virtual void Append(std::string topic, std::string payload,
                      std::vector<Change> changes, Condition condition,
                      Done done) = 0;

  // Up to `limit` events after `after` (empty: from the oldest kept), oldest
  // first. OutOfRange when `after` is no cursor of this log, or when events
  // after it are no longer kept.
  virtual absl::StatusOr<std::vector<LoggedEvent>> Read(absl::string_view topic,
                                                        absl::string_view after,
                                                        size_t limit) = 0;

  // The newest event. NotFound when there is none.
  virtual absl::StatusOr<LoggedEvent> Last(absl::string_view topic) = 0;

  // The cursor that everything in the topic is at or before, now; for an empty
  // topic a cursor that everything to come is after.
  virtual absl::StatusOr<std::string> Head(absl::string_view topic) = 0;

  // The cursor of the oldest event kept; empty when there is none.
  virtual absl::StatusOr<std::string> Oldest(absl::string_view topic) = 0;

  // To those who are subscribed now, in every process; not kept. Subscribers
  // of one process hear a topic's broadcasts in the same order as those of any
  // other.
  virtual void Broadcast(absl::string_view topic, std::string payload) = 0;

  // Until the subscription is destroyed; afterwards no callback begins, one
  // that has begun may still run (the subscriber is held meanwhile).
  using Subscription = std::shared_ptr<void>;
  [[nodiscard]] virtual Subscription Subscribe(
      absl::string_view topic, std::weak_ptr<Subscriber> subscriber) = 0;

  // State: the value of each key, in their order; none where it has no value.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> GetAll(
      const std::vector<std::string>& keys) = 0;

  // The same for one. NotFound when it has no value.
  absl::StatusOr<std::string> Get(std::string key);

  // Whether the log could be used when it was last tried.
  virtual bool available() const { return true; }
};

// `store` is "sqlite:PATH", "sqlite::memory:" or "redis://HOST:PORT[/DB]".
// InvalidArgument for others; the engine's own error when the store cannot be
// opened.
absl::StatusOr<std::unique_ptr<EventLog>> OpenEventLog(absl::string_view store,
                                                       EventLog::Limits limits);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_EVENT_LOG_H_
