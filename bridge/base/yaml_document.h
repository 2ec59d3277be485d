#ifndef SSE_BRIDGE_BRIDGE_BASE_YAML_DOCUMENT_H_
#define SSE_BRIDGE_BRIDGE_BASE_YAML_DOCUMENT_H_

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Parses a text with at most one YAML document (YAML includes JSON) and calls
// `read` with its root, which is null if the text is empty. Returns what `read`
// returns. `read` may let yaml-cpp's exceptions pass. Errors are
// kInvalidArgument and start with "NAME:LINE:COLUMN: ": the text is malformed
// or larger than `max_bytes`, or has control characters or another document.
absl::Status ReadYaml(
    absl::string_view name, absl::string_view text, size_t max_bytes,
    const std::function<absl::Status(const YAML::Node& root)>& read);

// Returns "NAME:LINE:COLUMN", or the name if the mark has no position.
std::string YamlPosition(absl::string_view name, const YAML::Mark& mark);

// Returns "a mapping", "a list", "a single value" or "nothing".
absl::string_view YamlKind(const YAML::Node& node);

// Whether a scalar is written in quotes, which makes it a string.
bool IsQuotedYaml(const YAML::Node& node);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_YAML_DOCUMENT_H_
