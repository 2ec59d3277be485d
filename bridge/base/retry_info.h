#ifndef SSE_BRIDGE_BRIDGE_BASE_RETRY_INFO_H_
#define SSE_BRIDGE_BRIDGE_BASE_RETRY_INFO_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace sse_bridge {

// How long the sender of `status` asks clients to wait: the
// google.rpc.RetryInfo among its details. Never negative; nullopt when there is
// none.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_RETRY_INFO_H_
