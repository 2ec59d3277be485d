#include "bridge/feed/reset_event.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/event_names.h"
#include "bridge/base/json_quote.h"
#include "bridge/feed/own_events.h"
#include "bridge/upstream/call.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kReason = "CURSOR_EXPIRED";
constexpr char kOldest[] = "oldest";

// Maximum length of a repeated ID, which a client may have made up.
constexpr size_t kMaxTold = 256;

}  // namespace

std::optional<std::string> OldestAfterExpiry(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kOutOfRange) return std::nullopt;
  const auto payload = status.GetPayload(kStatusDetailsUrl);
  google::rpc::Status details;
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (!detail.UnpackTo(&info) || info.reason() != kReason) continue;
    const auto oldest = info.metadata().find(kOldest);
    return oldest == info.metadata().end() ? std::string() : oldest->second;
  }
  return std::nullopt;
}

FramePtr ResetFrame(absl::string_view requested, absl::string_view oldest) {
  requested = requested.substr(0, kMaxTold);
  const std::string json = absl::StrCat("{\"requested\":", JsonQuote(requested),
                                        ",\"oldest\":", JsonQuote(oldest), "}");
  StreamEvent event;
  event.kind = EventKind::kReset;
  event.name = kResetEventName;
  event.data = json;
  event.key = kResetKey;
  return EventFrame(event);
}

}  // namespace sse_bridge
