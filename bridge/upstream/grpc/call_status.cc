#include "bridge/upstream/grpc/call_status.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "bridge/upstream/grpc/refused_answer.h"

namespace sse_bridge {
namespace {

// Prefix of gRPC's own report if the answer's trailers contained a status.
constexpr absl::string_view kFromPeer = "UNKNOWN:Error received from peer";

}  // namespace

absl::Status StatusOfCall(const grpc::Status& status,
                          const grpc::ClientContext& context) {
  if (status.ok()) return absl::OkStatus();
  if (auto refused = RefusedAnswer(status)) return *std::move(refused);
  CallEnd end;
  end.code = status.error_code();
  // A status that is not OK must not become one.
  if (end.code == 0) end.code = static_cast<int>(absl::StatusCode::kUnknown);
  end.message = status.error_message();
  end.details = status.error_details();
  end.from_peer = end.reached =
      absl::StartsWith(context.debug_error_string(), kFromPeer);
  // A channel that was never connected has no peer.
  end.peer = context.peer();
  if (end.peer == "unknown") end.peer.clear();
  return StatusOfEnd(end);
}

}  // namespace sse_bridge
