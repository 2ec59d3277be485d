#ifndef SSE_BRIDGE_BRIDGE_CONFIG_COMMAND_LINE_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/config/setting_list.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

class Origins;

// The first argument may be one of these. Without one, the bridge runs.
inline constexpr absl::string_view kCommandNames[] = {"check", "config", "help",
                                                      "transcode", "version"};

// The flags of a command line, in order. absl's flags are declared one by one
// in C++, but ours are the fields of a message, so this class parses them
// itself. The syntax of values is that of absl::ParseFlag.
struct CommandLine {
  struct Value {
    const SettingInfo* setting = nullptr;
    std::string text;
  };
  std::vector<Value> values;
  bool help = false;
  bool version = false;
};

// Parses `--name=value`, `--name value`, and `--name` and `--noname` for
// booleans, with '-' or '_' between the words of a name. Accepts the settings
// of all `lists`, which must outlive the result. `-h` and `-v` are --help and
// --version. Errors name the flag, and what it was probably meant to be.
absl::StatusOr<CommandLine> ParseCommandLine(
    absl::Span<const std::string> arguments,
    absl::Span<const SettingList* const> lists);

// Writes the flags of `line` that belong to `list` into the message. Flags of a
// repeated setting replace all its previous values. `origins` may be null.
absl::Status ApplyFlags(const CommandLine& line, const SettingList& list,
                        google::protobuf::Message* message, Origins* origins);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_COMMAND_LINE_H_
