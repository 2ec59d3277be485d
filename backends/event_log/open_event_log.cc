#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "backends/event_log/event_log.h"
#include "backends/event_log/redis_event_log.h"
#include "backends/event_log/sqlite_event_log.h"
#include "bridge/redis/redis_address.h"

namespace sse_bridge {

absl::StatusOr<std::unique_ptr<EventLog>> OpenEventLog(
    absl::string_view store, EventLog::Limits limits) {
  if (absl::StartsWith(store, "redis:")) {
    absl::StatusOr<RedisAddress> address = ParseRedisAddress(store);
    if (!address.ok()) return address.status();
    auto log = RedisEventLog::Open(*address, limits);
    if (!log.ok()) return log.status();
    return std::unique_ptr<EventLog>(*std::move(log));
  }
  absl::string_view path = store;
  if (!absl::ConsumePrefix(&path, "sqlite:") || path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown event store \"", store,
                     "\"; known are sqlite:PATH, sqlite::memory: and "
                     "redis://HOST:PORT[/DB]"));
  }
  absl::StatusOr<std::unique_ptr<SqliteEventLog>> log =
      SqliteEventLog::Open(std::string(path), limits);
  if (!log.ok()) return log.status();
  return std::unique_ptr<EventLog>(*std::move(log));
}

}  // namespace sse_bridge
