#ifndef SSE_BRIDGE_BACKENDS_COMMAND_LINE_H_
#define SSE_BRIDGE_BACKENDS_COMMAND_LINE_H_

#include <optional>

namespace sse_bridge {

// Sets the flags that main.cc defines. absl::ParseCommandLine would also accept
// and list those of libraries, and knows neither -h nor what a misspelled flag
// was meant to be.
//
// Returns nullopt if the program shall run, else its exit code: after --help
// and
// --version, which are printed to stdout, or an error, which names the flag and
// is printed to stderr.
std::optional<int> ParseFlags(int argc, char** argv);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_COMMAND_LINE_H_
