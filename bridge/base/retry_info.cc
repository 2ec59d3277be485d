#include "bridge/base/retry_info.h"

#include <cstdint>
#include <string>

#include "absl/strings/cord.h"
#include "bridge/base/status_details.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sse_bridge {
namespace {

constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

// The limits of google.protobuf.Duration.
constexpr int64_t kMaxSeconds = 315'576'000'000;
constexpr int32_t kMaxNanos = 999'999'999;

std::optional<absl::Duration> DelayOf(const google::rpc::RetryInfo& info) {
  const auto& delay = info.retry_delay();
  if (!info.has_retry_delay() || delay.seconds() < 0 || delay.nanos() < 0 ||
      delay.seconds() > kMaxSeconds || delay.nanos() > kMaxNanos) {
    return std::nullopt;
  }
  return absl::Seconds(delay.seconds()) + absl::Nanoseconds(delay.nanos());
}

}  // namespace

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  google::rpc::RetryInfo info;
  // A status created by the bridge holds a RetryInfo directly.
  if (const auto own = status.GetPayload(kRetryInfoUrl); own.has_value()) {
    if (info.ParseFromString(std::string(*own))) return DelayOf(info);
  }
  const auto payload = status.GetPayload(kStatusDetailsUrl);
  google::rpc::Status details;
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  for (const google::protobuf::Any& detail : details.details()) {
    if (detail.UnpackTo(&info)) return DelayOf(info);
  }
  return std::nullopt;
}

}  // namespace sse_bridge
