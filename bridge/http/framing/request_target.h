#ifndef SSE_BRIDGE_BRIDGE_HTTP_FRAMING_REQUEST_TARGET_H_
#define SSE_BRIDGE_BRIDGE_HTTP_FRAMING_REQUEST_TARGET_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// A request target in absolute form: "http://host:port/path?query" (RFC 9112,
// 3.2.2).
struct AbsoluteForm {
  absl::string_view scheme;
  absl::string_view authority;
  absl::string_view rest;  // path and query; may be empty
};

// Returns nullopt for targets in other forms.
std::optional<AbsoluteForm> SplitAbsoluteForm(absl::string_view target);

// Whether `text` consists only of characters allowed in a host and port (RFC
// 3986, 3.2.2 and 3.2.3). User information is not allowed.
bool IsHostText(absl::string_view text);

// Whether two authorities are equal, ignoring case and the scheme's default
// port.
bool IsSameHost(absl::string_view scheme, absl::string_view one,
                absl::string_view other);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_FRAMING_REQUEST_TARGET_H_
