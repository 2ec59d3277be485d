#ifndef SSE_BRIDGE_BRIDGE_APP_COMMANDS_H_
#define SSE_BRIDGE_BRIDGE_APP_COMMANDS_H_

#include <string>
#include <vector>

namespace sse_bridge {

// Exit codes.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitBadUsage = 2;

// Runs `sse-bridge NAME ARGUMENTS...`, where NAME is one of kCommandNames.
// Prints to stdout, and errors to stderr. Returns the exit code.
int RunCommand(const std::string& name,
               const std::vector<std::string>& arguments);

// The output of `sse-bridge --help`.
std::string Help();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_COMMANDS_H_
