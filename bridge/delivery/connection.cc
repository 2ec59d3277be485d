#include "bridge/delivery/connection.h"

namespace sse_bridge {

absl::string_view CloseReasonName(CloseReason reason) {
  switch (reason) {
    case CloseReason::kEnded:
      return "ended";
    case CloseReason::kClientGone:
      return "client_gone";
    case CloseReason::kSlow:
      return "slow";
    case CloseReason::kExpired:
      return "expired";
    case CloseReason::kMaxAge:
      return "max_age";
    case CloseReason::kDrain:
      return "drain";
    case CloseReason::kError:
      return "error";
  }
  return "unknown";
}

}  // namespace sse_bridge
