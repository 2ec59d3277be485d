#include "bridge/http/api_request.h"

#include "bridge/http/grpc_timeout.h"
#include "bridge/http/own_params.h"
#include "bridge/transcode/query_params.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {
namespace {

// Longer ids than this are not ours.
constexpr size_t kMaxLastEventIdBytes = 4096;

bool IsPossibleId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxLastEventIdBytes && IsOneLine(id);
}

}  // namespace

std::optional<std::string> LastEventId(const Exchange& exchange) {
  const auto headers = exchange.HeaderValues("Last-Event-ID");
  if (!headers.empty()) {
    if (!IsPossibleId(headers[0])) return std::nullopt;
    return std::string(headers[0]);
  }
  const auto query = ParseQuery(exchange.raw_query());
  if (!query.ok()) return std::nullopt;
  for (const QueryParam& param : *query) {
    if (param.name == kLastEventIdParam && IsPossibleId(param.value)) {
      return param.value;
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<absl::Duration>> AskedTimeout(
    const Exchange& exchange) {
  const auto headers = exchange.HeaderValues("Grpc-Timeout");
  if (headers.empty()) return std::nullopt;
  if (headers.size() > 1) {
    return absl::InvalidArgumentError("Grpc-Timeout: there are several");
  }
  auto timeout = ParseGrpcTimeout(headers[0]);
  if (!timeout.ok()) return timeout.status();
  return *timeout;
}

FramePtr FarewellFrame(const ServedSchema& served, const absl::Status& status) {
  return Frame::Create(StatusEvent(served.StatusJson(status)));
}

}  // namespace sse_bridge
