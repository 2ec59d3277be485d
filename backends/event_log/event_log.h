#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_EVENT_LOG_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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
  };

  // State beside the events, changed in one transaction with an append.
  struct Change {
    std::string key;
    std::string value;
    bool erase = false;
  };

  // What happens on a topic. `OnEvents` says only that there is something new
  // to Read; `OnBroadcast` carries an ephemeral payload.
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
  // disk) otherwise. With `require_absent` (a key), AlreadyExists when that key
  // has a value, and nothing happens.
  virtual void Append(std::string topic, std::string payload,
                      std::vector<Change> changes, std::string require_absent,
                      Done done) = 0;

  // Up to `limit` events after `after` (empty: from the oldest kept), oldest
  // first. OutOfRange when `after` is no cursor of this log.
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

  // To those who are subscribed now; not kept.
  virtual void Broadcast(absl::string_view topic, std::string payload) = 0;

  // Until the subscription is destroyed; afterwards no callback begins, one
  // that has begun may still run (the subscriber is held meanwhile).
  using Subscription = std::shared_ptr<void>;
  [[nodiscard]] virtual Subscription Subscribe(
      absl::string_view topic, std::weak_ptr<Subscriber> subscriber) = 0;

  // State. NotFound when the key has no value.
  virtual absl::StatusOr<std::string> Get(absl::string_view key) = 0;
  // Keys that begin with `prefix`, in their order, with their values.
  virtual absl::StatusOr<std::vector<std::pair<std::string, std::string>>> List(
      absl::string_view prefix) = 0;
};

// `store` is "sqlite:PATH" or "sqlite::memory:". InvalidArgument for others;
// the engine's own error when the store cannot be opened.
absl::StatusOr<std::unique_ptr<EventLog>> OpenEventLog(absl::string_view store,
                                                       EventLog::Limits limits);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_EVENT_LOG_H_
