#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_NAME_PATTERNS_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_NAME_PATTERNS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// A list of names in which `*` matches any text, including none ("utm_*").
// Case-sensitive. Immutable and thread-safe.
class NamePatterns {
 public:
  // Returns InvalidArgument if a pattern is empty.
  static absl::StatusOr<NamePatterns> Create(std::vector<std::string> patterns);

  // Matches nothing.
  NamePatterns() = default;

  bool Match(absl::string_view name) const;

 private:
  absl::flat_hash_set<std::string> names_;
  std::vector<std::string> patterns_;  // patterns that contain `*`
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_NAME_PATTERNS_H_
