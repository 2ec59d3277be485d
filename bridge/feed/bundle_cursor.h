#ifndef SSE_BRIDGE_BRIDGE_FEED_BUNDLE_CURSOR_H_
#define SSE_BRIDGE_BRIDGE_FEED_BUNDLE_CURSOR_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// The id of an event on `/events`: where each of its streams stands, so that
// one Last-Event-ID resumes all. Written as "NAME=ID&NAME=ID" with both parts
// percent-encoded; streams without an id yet are not named.
class BundleCursor {
 public:
  // Longer ones are not read.
  static constexpr size_t kMaxBytes = 64 << 10;

  // nullopt when any part is malformed: something was cut, and what is missing
  // must not be taken for a stream that had no event yet. Of a name that is
  // there twice the first counts.
  static std::optional<absl::flat_hash_map<std::string, std::string>> Parse(
      absl::string_view text);

  static void AppendTo(absl::string_view name, absl::string_view id,
                       std::string* out);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_BUNDLE_CURSOR_H_
