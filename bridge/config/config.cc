#include "bridge/config/config.h"

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "bridge/config/config_file.h"
#include "bridge/config/setting_list.h"
#include "bridge/config/setting_value.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kPrefix = "SSE_BRIDGE_";

absl::Status ApplyEnvironment(const Environment& environment,
                              const SettingList& list, LoadedConfig* loaded) {
  for (const SettingInfo& setting : list.settings()) {
    const auto found = environment.find(setting.variable);
    if (found == environment.end()) continue;
    loaded->config.GetReflection()->ClearField(&loaded->config, setting.field);
    std::vector<absl::string_view> values;
    if (setting.field->is_repeated()) {
      values = absl::StrSplit(found->second, kVariableSeparator,
                              absl::SkipWhitespace());
    } else {
      values.push_back(found->second);
    }
    for (absl::string_view value : values) {
      if (absl::Status s = AddValue(setting, value, &loaded->config); !s.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(setting.variable, ": ", s.message()));
      }
    }
    loaded->origins.Set(
        setting.key, std::vector<std::string>(values.size(), setting.variable));
  }
  // Not an error: Kubernetes sets such variables for a service named
  // "sse-bridge".
  for (const auto& [name, value] : environment) {
    if (!absl::StartsWith(name, kPrefix)) continue;
    bool known = false;
    for (const SettingInfo& setting : list.settings()) {
      known = known || setting.variable == name;
    }
    if (!known) {
      const std::string nearest =
          list.Nearest(absl::StripPrefix(name, kPrefix));
      loaded->warnings.push_back(absl::StrCat(
          "unknown environment variable ", name,
          nearest.empty()
              ? ""
              : absl::StrCat("; did you mean ", list.FindKey(nearest)->variable,
                             "?")));
    }
  }
  return absl::OkStatus();
}

// Reads the configuration file, which only flags and variables can name.
absl::Status ReadFile(const CommandLine& line, const Environment& environment,
                      const SettingList& list, LoadedConfig* loaded) {
  const SettingInfo* setting = list.FindKey("config");
  std::string path, origin;
  if (const auto found = environment.find(setting->variable);
      found != environment.end()) {
    path = found->second;
    origin = setting->variable;
  }
  for (const CommandLine::Value& value : line.values) {
    if (value.setting != setting) continue;
    path = value.text;
    origin = absl::StrCat("--", setting->flag);
  }
  if (path.empty()) return absl::OkStatus();
  absl::Status read =
      ReadConfigFile(path, list, &loaded->config, &loaded->origins);
  if (!absl::IsNotFound(read)) return read;
  return absl::NotFoundError(absl::StrCat(origin, ": ", read.message()));
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    environment.insert(parts);
  }
  return environment;
}

absl::StatusOr<LoadedConfig> LoadConfig(const CommandLine& line,
                                        const Environment& environment) {
  const SettingList& list = BridgeSettings();
  LoadedConfig loaded;
  SetDefaults(list, &loaded.config);
  absl::Status status = ReadFile(line, environment, list, &loaded);
  if (status.ok()) status = ApplyEnvironment(environment, list, &loaded);
  if (status.ok()) {
    status = ApplyFlags(line, list, &loaded.config, &loaded.origins);
  }
  if (!status.ok()) return status;
  return loaded;
}

ConfigChange Compare(const bridge::v1::Config& now,
                     const bridge::v1::Config& next) {
  ConfigChange change;
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    if (ValuesOf(setting, now) == ValuesOf(setting, next)) continue;
    (setting.rules.reloadable() ? change.reloadable : change.need_restart)
        .push_back(setting.key);
  }
  return change;
}

}  // namespace sse_bridge
