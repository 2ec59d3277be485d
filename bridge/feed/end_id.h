#ifndef SSE_BRIDGE_BRIDGE_FEED_END_ID_H_
#define SSE_BRIDGE_BRIDGE_FEED_END_ID_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// The id of the event that ends a stream for good. EventSource reconnects after
// any end; by this id the bridge knows that it has been told, so that three
// rows do not become six, nine and so on. Any bridge knows it: it holds the
// status's code and a hash of what was called.

// Whether a stream that has ended so would only end so again: OK, and errors
// that are about the request. Others may be gone at the next attempt, also
// UNAUTHENTICATED, for a cookie may have been renewed.
bool EndsForGood(absl::StatusCode code);

// What an end id is bound to: one call, in the name of one subject (empty where
// the call is the same for all).
std::string CallTag(absl::string_view grpc_path, absl::string_view request,
                    absl::string_view subject);

std::string EndId(absl::StatusCode code, absl::string_view call_tag);

struct ParsedEndId {
  absl::StatusCode code;
  std::string call_tag;
};
std::optional<ParsedEndId> ParseEndId(absl::string_view id);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_END_ID_H_
