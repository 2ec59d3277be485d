#ifndef SSE_BRIDGE_BRIDGE_BASE_OWN_IDS_H_
#define SSE_BRIDGE_BRIDGE_BASE_OWN_IDS_H_

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// The prefix of event ids that the bridge itself assigns. No backend id starts
// with it.
inline constexpr absl::string_view kOwnIdPrefix = "sse-bridge:";

// Replaces an id that cannot be sent: one too long for a client to send back,
// or one that starts with kOwnIdPrefix. A client that resumes with it gets a
// `reset`.
inline constexpr absl::string_view kLostId = "sse-bridge:lost";

// Longer ids are not sent, because many proxies reject header lines over 8 KiB.
inline constexpr size_t kMaxIdBytes = 8000;

inline bool IsOwnId(absl::string_view id) {
  return absl::StartsWith(id, kOwnIdPrefix);
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_OWN_IDS_H_
