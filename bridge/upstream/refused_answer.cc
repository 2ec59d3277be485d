#include "bridge/upstream/refused_answer.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

std::optional<absl::Status> RefusedAnswer(const grpc::Status& status) {
  const std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
      absl::StartsWith(message, "received ") &&
      absl::StrContains(message, "metadata size exceeds limit")) {
    return absl::InternalError(
        "the backend's metadata or error details are larger than "
        "upstream_max_metadata allows");
  }
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED &&
      absl::StartsWith(message, "Compression algorithm '") &&
      absl::EndsWith(message, "' is disabled.")) {
    return absl::InternalError(
        "the backend answered with a compressed message, which the bridge does "
        "not accept");
  }
  return std::nullopt;
}

}  // namespace sse_bridge
