#ifndef SSE_BRIDGE_BRIDGE_CONFIG_COMMAND_LINE_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "bridge/config/setting_list.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

class Origins;

// Flags that were given, in their order. The layer is our own because absl's
// flags are declared one by one in C++, and ours are fields of a message; what
// the types look like is absl's (absl::ParseFlag).
struct CommandLine {
  struct Value {
    const SettingInfo* setting = nullptr;
    std::string text;
  };
  std::vector<Value> values;
  bool help = false;
  bool version = false;
};

// Reads `--name=value`, `--name value`, `--name` and `--noname` for booleans,
// with '-' or '_' between a name's words. The flags are the settings of all the
// lists, which must outlive the result. An error names the flag.
absl::StatusOr<CommandLine> ParseCommandLine(
    absl::Span<const std::string> arguments,
    absl::Span<const SettingList* const> lists);

// Writes those of the list's flags that were given into the message; a repeated
// setting's flags replace all that it had. `origins` may be null.
absl::Status ApplyFlags(const CommandLine& line, const SettingList& list,
                        google::protobuf::Message* message, Origins* origins);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_COMMAND_LINE_H_
