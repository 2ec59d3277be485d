#include "bridge/upstream/grpc/refused_answer.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/call_end.h"

namespace sse_bridge {

std::optional<absl::Status> RefusedAnswer(const grpc::Status& status) {
  const std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
      absl::StartsWith(message, "received ") &&
      absl::StrContains(message, "metadata size exceeds limit")) {
    return MetadataTooLarge();
  }
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED &&
      absl::StartsWith(message, "Compression algorithm '") &&
      absl::EndsWith(message, "' is disabled.")) {
    return CompressedMessage();
  }
  return std::nullopt;
}

}  // namespace sse_bridge
