#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_STORE_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/event_log/event_log.h"
#include "backends/event_log/sqlite.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// The tables of the event log on one SQLite connection:
//   events(id, topic, time, payload)  ids are never reused
//   state(key, value, time)           time: if the value expires, else NULL
//   trimmed(topic, id)                the topic's last deleted event
//   floor(id)                         the same for topics not in `trimmed`
//
// Thread-safe; calls use the connection one at a time.
class SqliteStore {
 public:
  // One EventLog::Append and its result.
  struct Write {
    std::string topic;
    std::string payload;
    std::vector<EventLog::Change> changes;
    EventLog::Condition condition;
    EventLog::Done done;

    absl::Status status;
    int64_t id = 0;  // 0 if there is no event
  };

  struct Event {
    int64_t id;
    std::string payload;
  };

  // Creates missing tables. The ids of a new file start with the time in
  // microseconds, so that ids of a previous file are not mistaken for its own.
  // Returns kFailedPrecondition if the file has another layout.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const std::string& path, EventLog::Limits limits, absl::Time now);

  // Applies all `writes` in one transaction; a write that fails has no effect.
  // Returns when the data is on disk, with `status` and `id` set.
  void Apply(absl::Time now, std::vector<Write>* writes)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Deletes events and state that are too old, in limited numbers.
  absl::Status TrimByAge(absl::Time now) ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<std::vector<Event>> Read(absl::string_view topic,
                                          int64_t after, size_t limit)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Returns whether events of the topic after `id` may have been deleted.
  absl::StatusOr<bool> Misses(absl::string_view topic, int64_t id)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Returns kNotFound if the topic is empty.
  absl::StatusOr<Event> Last(absl::string_view topic) ABSL_LOCKS_EXCLUDED(mu_);
  // Returns the topic's last id or, if it is empty, the last id ever issued; 0
  // if none.
  absl::StatusOr<int64_t> Head(absl::string_view topic)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Returns 0 if the topic is empty.
  absl::StatusOr<int64_t> Oldest(absl::string_view topic)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Returns the last id ever issued.
  absl::StatusOr<int64_t> LastId() ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key)
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Statement = std::unique_ptr<SqliteStatement>;

  SqliteStore(EventLog::Limits limits, std::unique_ptr<SqliteDatabase> db)
      : limits_(limits), db_(std::move(db)) {}

  absl::Status Prepare(absl::Time now) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status CheckLayout() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status ApplyAll(absl::Time now, std::vector<Write>* writes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status ApplyOne(absl::Time now, Write* write)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status CheckCondition(const EventLog::Condition& condition)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status TrimByCount(const std::string& topic)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status MarkTrimmed(const std::string& topic, int64_t id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status DeleteOld(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Clears cached counts, after a failure.
  void Forget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<int64_t> OneNumber(SqliteStatement* statement)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const EventLog::Limits limits_;

  Mutex mu_;
  // Declared before the statements, which must be destroyed first.
  const std::unique_ptr<SqliteDatabase> db_ ABSL_PT_GUARDED_BY(mu_);
  Statement insert_ ABSL_GUARDED_BY(mu_);
  Statement count_ ABSL_GUARDED_BY(mu_);
  Statement trim_count_ ABSL_GUARDED_BY(mu_);
  Statement trim_age_ ABSL_GUARDED_BY(mu_);
  Statement put_ ABSL_GUARDED_BY(mu_);
  Statement erase_ ABSL_GUARDED_BY(mu_);
  Statement read_ ABSL_GUARDED_BY(mu_);
  Statement last_ ABSL_GUARDED_BY(mu_);
  Statement head_ ABSL_GUARDED_BY(mu_);
  Statement oldest_ ABSL_GUARDED_BY(mu_);
  Statement last_id_ ABSL_GUARDED_BY(mu_);
  Statement get_ ABSL_GUARDED_BY(mu_);
  Statement trim_state_ ABSL_GUARDED_BY(mu_);
  Statement mark_ ABSL_GUARDED_BY(mu_);
  Statement count_marks_ ABSL_GUARDED_BY(mu_);
  Statement raise_floor_ ABSL_GUARDED_BY(mu_);
  Statement forget_marks_ ABSL_GUARDED_BY(mu_);
  Statement marked_ ABSL_GUARDED_BY(mu_);
  // Cached number of events per topic; cleared after any failure.
  absl::flat_hash_map<std::string, int64_t> counts_ ABSL_GUARDED_BY(mu_);
  // Number of rows in `trimmed`, or more; -1 if not counted yet.
  int64_t marks_ ABSL_GUARDED_BY(mu_) = -1;
  int64_t since_trim_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_STORE_H_
