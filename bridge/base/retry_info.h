#ifndef SSE_BRIDGE_BRIDGE_BASE_RETRY_INFO_H_
#define SSE_BRIDGE_BRIDGE_BASE_RETRY_INFO_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace sse_bridge {

// Returns how long clients should wait before they retry: the
// google.rpc.RetryInfo in the details of `status`. Never negative; nullopt if
// there is none.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_RETRY_INFO_H_
