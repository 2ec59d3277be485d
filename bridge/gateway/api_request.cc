#include "bridge/gateway/api_request.h"

#include "bridge/feed/own_events.h"
#include "bridge/gateway/grpc_timeout.h"
#include "bridge/gateway/own_params.h"
#include "bridge/transcode/query_params.h"

namespace sse_bridge {
namespace {

// The last non-empty parameter with this name.
std::optional<std::string> LastOf(const std::vector<QueryParam>& query,
                                  absl::string_view name) {
  for (auto param = query.rbegin(); param != query.rend(); ++param) {
    if (param->name == name && !param->value.empty()) return param->value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> LastEventId(const HttpExchange& exchange,
                                       ResumeParams params) {
  for (absl::string_view id : exchange.HeaderValues("Last-Event-ID")) {
    if (!id.empty()) return std::string(id);
  }
  return LastEventIdParam(exchange.raw_query(), params);
}

std::optional<std::string> LastEventIdParam(absl::string_view raw_query,
                                            ResumeParams params) {
  const auto query = ParseQuery(raw_query);
  if (!query.ok()) return std::nullopt;
  std::optional<std::string> id;
  if (params.of_polyfills) id = LastOf(*query, kLastEventIdParamOfPolyfills);
  if (!id.has_value() && params.last_event_id) {
    id = LastOf(*query, kLastEventIdParam);
  }
  return id;
}

absl::StatusOr<std::optional<absl::Duration>> AskedTimeout(
    const HttpExchange& exchange) {
  const auto headers = exchange.HeaderValues("Grpc-Timeout");
  if (headers.empty()) return std::nullopt;
  if (headers.size() > 1) {
    return absl::InvalidArgumentError("Grpc-Timeout: there are several");
  }
  auto timeout = ParseGrpcTimeout(headers[0]);
  if (!timeout.ok()) return timeout.status();
  return *timeout;
}

FramePtr FinalEventFrame(const ServedSchema& served,
                         const absl::Status& status) {
  return StatusFrame(status.code(), served.StatusJson(status));
}

bool Api::MayCompress(const Request& request, const Method& method,
                      const OutputFormat& format) const {
  if (!options_.compress || !method.compressible()) return false;
  // In other formats each client's events have bytes of their own.
  if (!format.traits().verbatim || !format.traits().comments) return false;
  return options_.compress_exclusive ||
         (!SpeaksForOneUser(method) && request.forwarded.empty());
}

}  // namespace sse_bridge
