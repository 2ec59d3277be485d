#ifndef SSE_BRIDGE_BRIDGE_BASE_HOST_PORT_H_
#define SSE_BRIDGE_BRIDGE_BASE_HOST_PORT_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

inline constexpr int kMaxPort = 65535;

// The parts of HOST[:PORT] or [IPV6][:PORT], as views of the text. The parts
// may be empty and are not checked, since callers allow different things.
struct HostPortParts {
  absl::string_view host;  // without brackets
  bool bracketed = false;
  bool has_port = false;  // whether a ':' follows the host
  // What follows the ':'; after a ']' without a ':', what follows the ']'.
  absl::string_view port;
};

// Splits at the first ':' that is not in brackets. Returns nullopt if the text
// begins with '[' and has no ']'.
std::optional<HostPortParts> SplitHostPort(absl::string_view text);

// Returns nullopt unless the text is a number from 0 to kMaxPort, in digits
// only.
std::optional<int> ParsePort(absl::string_view text);

// An address to listen on. `host` does not include the brackets.
struct HostPort {
  std::string host;
  int port = 0;
};

// Parses HOST:PORT or [IPV6]:PORT. Also accepts an IPv6 address without
// brackets, which ends at the last ':'. Otherwise returns kInvalidArgument,
// quoting the text.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view text);

// "HOST:PORT", with brackets if the host is an IPv6 address.
std::string ToString(const HostPort& address);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_HOST_PORT_H_
