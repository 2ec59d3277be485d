#ifndef SSE_BRIDGE_BRIDGE_FEED_BUNDLE_CURSOR_H_
#define SSE_BRIDGE_BRIDGE_FEED_BUNDLE_CURSOR_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Event id on `/events`: the position of each of its streams, so that one
// Last-Event-ID resumes all of them. Format: "NAME=ID&NAME=ID", both parts
// percent-encoded; streams without an id are omitted.
class BundleCursor {
 public:
  // Longer ones are rejected.
  static constexpr size_t kMaxBytes = 64 << 10;

  // Returns nullopt if any part is malformed: the id was truncated, and a
  // missing stream must not be taken for one that had no event yet. If a name
  // occurs twice, the first is used.
  static std::optional<absl::flat_hash_map<std::string, std::string>> Parse(
      absl::string_view text);

  static void AppendTo(absl::string_view name, absl::string_view id,
                       std::string* out);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_BUNDLE_CURSOR_H_
