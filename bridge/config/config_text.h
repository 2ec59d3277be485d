#ifndef SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_TEXT_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_TEXT_H_

#include <string>

#include "bridge/config/config.h"
#include "bridge/config/setting_list.h"

namespace sse_bridge {

// The settings as texts for people, all made from proto/bridge/v1/config.proto.

// What the value of a flag is called: "N", "FILE".
std::string ValueName(const SettingInfo& setting);

// A setting's comment, with its bounds and, if asked for, its default.
std::string Description(const SettingInfo& setting, bool with_default);

// The flags of a list, in their groups, as `--help` prints them.
std::string FlagsHelp(const SettingList& list);

// A configuration file with every setting commented out at its default.
std::string DefaultsFile();

// A configuration file with the settings that hold, and where each was set.
// Passwords in URLs are not shown.
std::string EffectiveFile(const LoadedConfig& loaded);

// The tables of settings in bridge/config/README.md.
std::string ReferenceMarkdown();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_TEXT_H_
