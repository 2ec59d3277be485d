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

// Environment variables, by name.
using Environment = std::map<std::string, std::string>;

// The environment of this process.
Environment ProcessEnvironment();

// Separates the values of a repeated setting in its environment variable.
inline constexpr char kVariableSeparator = ';';

// The effective configuration. Each value has been checked on its own. The
// components that use the settings check combinations, files and addresses, and
// use `origins` to name the origin of a value in errors.
struct LoadedConfig {
  bridge::v1::Config config;
  Origins origins;
  std::vector<std::string> warnings;
};

// Applies the defaults, then the file named by --config or SSE_BRIDGE_CONFIG,
// then environment variables, then flags. Later sources override earlier ones.
// Each call reads the file again. Errors name the flag, the variable, or the
// file, line and key.
absl::StatusOr<LoadedConfig> LoadConfig(const CommandLine& line,
                                        const Environment& environment);

// The settings that differ between two configurations, by whether a reload
// applies them.
struct ConfigChange {
  std::vector<std::string> reloadable;  // keys
  std::vector<std::string> need_restart;
};
ConfigChange Compare(const bridge::v1::Config& now,
                     const bridge::v1::Config& next);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_H_
