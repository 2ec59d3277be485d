#ifndef SSE_BRIDGE_BRIDGE_BASE_OWN_IDS_H_
#define SSE_BRIDGE_BRIDGE_BASE_OWN_IDS_H_

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Ids of events that are the bridge's own words and no backend's begin so.
inline constexpr absl::string_view kOwnIdPrefix = "sse-bridge:";

// Stands where an id cannot: it would be too long to come back, or look like
// one of the bridge's own. A browser that comes back with it gets a `reset`.
inline constexpr absl::string_view kLostId = "sse-bridge:lost";

// Longer ids are not sent. Many proxies take no header line beyond 8 KiB.
inline constexpr size_t kMaxIdBytes = 8000;

inline bool IsOwnId(absl::string_view id) {
  return absl::StartsWith(id, kOwnIdPrefix);
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_OWN_IDS_H_
