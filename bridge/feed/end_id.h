#ifndef SSE_BRIDGE_BRIDGE_FEED_END_ID_H_
#define SSE_BRIDGE_BRIDGE_FEED_END_ID_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Id of the event that ends a stream permanently. EventSource reconnects after
// any end. This id tells the bridge that the client has received the end, so
// that the stream is not repeated again and again. Any bridge can check it: it
// contains the status code and a hash of the call.

// Returns whether a stream with this status would end the same way again: OK,
// and errors caused by the request. Other errors may be gone on the next
// attempt; so may UNAUTHENTICATED, because a cookie may have been renewed.
bool EndsForGood(absl::StatusCode code);

// The value that an end id is bound to: a call on behalf of a subject (empty if
// the call is the same for all subjects).
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
