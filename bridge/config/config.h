#ifndef SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/config/command_line.h"
#include "bridge/config/origins.h"
#include "bridge/v1/config.pb.h"

namespace sse_bridge {

// Names and values of environment variables.
using Environment = std::map<std::string, std::string>;

// Those of this process.
Environment ProcessEnvironment();

// What separates the values of a repeated setting in its variable.
inline constexpr char kVariableSeparator = ';';

// The configuration that holds. Every value was checked by itself; what several
// settings mean together, and what files and addresses mean, is checked by who
// uses them, with `origins` to name the place in errors.
struct LoadedConfig {
  bridge::v1::Config config;
  Origins origins;
  std::vector<std::string> warnings;
};

// Defaults, then the file that --config or SSE_BRIDGE_CONFIG names, then
// environment variables, then flags: the later wins. Reads the file anew with
// each call. An error names the flag, the variable, or file, line and key.
absl::StatusOr<LoadedConfig> LoadConfig(const CommandLine& line,
                                        const Environment& environment);

// What a reload does with the settings that differ between two configurations.
struct ConfigChange {
  std::vector<std::string> reloadable;  // keys
  std::vector<std::string> need_restart;
};
ConfigChange Compare(const bridge::v1::Config& now,
                     const bridge::v1::Config& next);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_H_
