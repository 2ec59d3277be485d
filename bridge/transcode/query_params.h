#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_QUERY_PARAMS_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_QUERY_PARAMS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Queries with more parameters are refused.
inline constexpr size_t kMaxQueryParameters = 1000;

struct QueryParam {
  std::string name;   // valid UTF-8, not empty, without NUL
  std::string value;  // any bytes

  bool operator==(const QueryParam&) const = default;
};

// Parses a raw query string (without the '?') as browsers write it
// (application/x-www-form-urlencoded): parameters are separated by '&', and '+'
// is a space. "a" is the same as "a=". Empty pieces ("a=1&&b=2") are skipped.
// Keeps the order. InvalidArgument errors name the parameter and carry a
// google.rpc.BadRequest.
absl::StatusOr<std::vector<QueryParam>> ParseQuery(absl::string_view raw_query);

// Checks that every percent escape of a raw path (without its query) is
// well-formed and that the path decodes to UTF-8 without NUL. InvalidArgument
// errors name the path and carry a google.rpc.BadRequest.
absl::Status CheckPathEscapes(absl::string_view raw_path);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_QUERY_PARAMS_H_
