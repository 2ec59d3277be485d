#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_QUERY_PARAMS_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_QUERY_PARAMS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// A query with more parameters is refused.
inline constexpr size_t kMaxQueryParameters = 1000;

struct QueryParam {
  std::string name;   // valid UTF-8, not empty, without NUL
  std::string value;  // any bytes

  bool operator==(const QueryParam&) const = default;
};

// The parameters of a raw query string (what follows the '?'), in order, as
// browsers write them (application/x-www-form-urlencoded): separated by '&',
// '+' is a space. "a" is "a=". Empty pieces ("a=1&&b=2") are skipped. The
// InvalidArgument names the parameter and carries a google.rpc.BadRequest.
absl::StatusOr<std::vector<QueryParam>> ParseQuery(absl::string_view raw_query);

// Whether every percent escape of a raw path (without its query) is well-formed
// and stands for a character: a malformed one, NUL and what does not make UTF-8
// are refused, not taken as they are. The InvalidArgument names the path and
// carries a google.rpc.BadRequest.
absl::Status CheckPathEscapes(absl::string_view raw_path);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_QUERY_PARAMS_H_
