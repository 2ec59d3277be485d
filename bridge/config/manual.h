#ifndef SSE_BRIDGE_BRIDGE_CONFIG_MANUAL_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_MANUAL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Files that packages install with the program. Like `--help`, they are
// generated from proto/bridge/v1/config.proto.

// The manual page sse-bridge(1), as roff for man(7).
std::string ManualPage(absl::string_view version);

// Bash completion of commands, flags and the values of enums.
std::string BashCompletion();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_MANUAL_H_
