#ifndef SSE_BRIDGE_TESTS_UNIT_BACKENDS_EVENT_LOG_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_BACKENDS_EVENT_LOG_TESTING_H_

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/event_log/event_log.h"
#include "gtest/gtest.h"

namespace sse_bridge {

// A directory that is removed with this object.
class TempDir {
 public:
  TempDir() {
    std::string name =
        (std::filesystem::temp_directory_path() / "event_log.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Appends, waits, and returns the cursor.
inline absl::StatusOr<std::string> AppendAndWait(
    EventLog* log, std::string topic, std::string payload,
    std::vector<EventLog::Change> changes = {},
    EventLog::Condition condition = {}) {
  auto result =
      std::make_shared<std::promise<std::pair<absl::Status, std::string>>>();
  log->Append(std::move(topic), std::move(payload), std::move(changes),
              std::move(condition),
              [result](absl::Status status, std::string cursor) {
                result->set_value({std::move(status), std::move(cursor)});
              });
  auto [status, cursor] = result->get_future().get();
  if (!status.ok()) return status;
  return cursor;
}

inline std::unique_ptr<EventLog> MustOpen(const std::string& store,
                                          EventLog::Limits limits = {}) {
  auto log = OpenEventLog(store, limits);
  if (!log.ok()) ADD_FAILURE() << log.status();
  return log.ok() ? *std::move(log) : nullptr;
}

inline std::vector<std::string> Payloads(
    const absl::StatusOr<std::vector<LoggedEvent>>& events) {
  std::vector<std::string> payloads;
  if (!events.ok()) return {events.status().ToString()};
  for (const LoggedEvent& event : *events) payloads.push_back(event.payload);
  return payloads;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_BACKENDS_EVENT_LOG_TESTING_H_
