#ifndef SSE_BRIDGE_BRIDGE_APP_COMMANDS_H_
#define SSE_BRIDGE_BRIDGE_APP_COMMANDS_H_

#include <string>
#include <vector>

namespace sse_bridge {

// Exit codes.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitBadUsage = 2;

// Runs `sse-bridge NAME ARGUMENTS...`, a command that is not serving: check,
// config, transcode. Prints to stdout, errors to stderr; the exit code.
int RunCommand(const std::string& name,
               const std::vector<std::string>& arguments);

// What `sse-bridge --help` prints.
std::string Help();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_COMMANDS_H_
