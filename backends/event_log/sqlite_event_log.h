#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_EVENT_LOG_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_EVENT_LOG_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/event_log/callback_thread.h"
#include "backends/event_log/event_log.h"
#include "backends/event_log/sqlite_store.h"
#include "backends/event_log/subscribers.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// An EventLog in an SQLite file, for one process.
//
// One thread writes. Pending appends are combined into one transaction, so that
// they share one disk sync. Another thread runs the callbacks, so that the next
// transaction does not wait for them. Reads use their own connection and see
// committed data.
class SqliteEventLog : public EventLog {
 public:
  // ":memory:" creates a log that is lost when the object is destroyed.
  static absl::StatusOr<std::unique_ptr<SqliteEventLog>> Open(
      const std::string& path, Limits limits,
      std::function<absl::Time()> now = absl::Now);

  // First writes pending appends and runs all callbacks.
  ~SqliteEventLog() override;

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

 private:
  using Write = SqliteStore::Write;

  SqliteEventLog(std::function<absl::Time()> now, absl::Duration max_age,
                 std::unique_ptr<SqliteStore> writer,
                 std::unique_ptr<SqliteStore> reader, int64_t last_id);

  void WriteLoop();
  void Acknowledge(std::vector<Write> writes);
  void Seen(int64_t id);

  const std::function<absl::Time()> now_;
  const absl::Duration idle_trim_;
  const std::unique_ptr<SqliteStore> writer_;
  const std::unique_ptr<SqliteStore> own_reader_;  // null if in memory
  SqliteStore* const reader_;
  const std::shared_ptr<Subscribers> subscribers_;

  // No greater cursor has been issued.
  std::atomic<int64_t> last_id_;

  Mutex write_mu_;
  std::condition_variable_any write_wanted_;
  std::deque<Write> waiting_ ABSL_GUARDED_BY(write_mu_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(write_mu_) = 0;
  bool stop_writing_ ABSL_GUARDED_BY(write_mu_) = false;

  CallbackThread callbacks_;
  std::thread write_thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_EVENT_LOG_H_
