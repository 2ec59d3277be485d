#include "backends/event_log/event_log.h"

#include <utility>

namespace sse_bridge {

absl::StatusOr<std::string> EventLog::Get(std::string key) {
  auto values = GetAll({std::move(key)});
  if (!values.ok()) return values.status();
  if (!values->front().has_value()) return absl::NotFoundError("no such key");
  return *std::move(values->front());
}

}  // namespace sse_bridge
