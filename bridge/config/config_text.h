#ifndef SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_TEXT_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_TEXT_H_

#include <string>

#include "bridge/config/config.h"
#include "bridge/config/setting_list.h"

namespace sse_bridge {

// Texts about the settings for users, generated from
// proto/bridge/v1/config.proto.

// Name of a flag's value: "N", "FILE".
std::string ValueName(const SettingInfo& setting);

// A setting's comment and bounds, and its default if `with_default`.
std::string Description(const SettingInfo& setting, bool with_default);

// The list's flags by group, as `--help` prints them.
std::string FlagsHelp(const SettingList& list);

// A configuration file with every setting commented out at its default.
std::string DefaultsFile();

// A configuration file with the effective settings and the origin of each.
// Passwords in URLs are hidden.
std::string EffectiveFile(const LoadedConfig& loaded);

// The tables of settings in bridge/config/README.md.
std::string ReferenceMarkdown();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_TEXT_H_
