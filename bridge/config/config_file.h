#ifndef SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_FILE_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/config/origins.h"
#include "bridge/config/setting_list.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Maximum size of a configuration file, in bytes.
inline constexpr size_t kMaxConfigBytes = size_t{1} << 20;

// Reads settings from YAML (a superset of JSON): one mapping from keys to
// scalars, or to lists of scalars for repeated settings. Settings that are not
// in the text keep their value in `message`. Unknown and repeated keys, wrong
// types and values out of range are errors. All errors are kInvalidArgument and
// start with "NAME:LINE:COLUMN: KEY: ".
absl::Status ReadConfigText(absl::string_view name, absl::string_view text,
                            const SettingList& list,
                            google::protobuf::Message* message,
                            Origins* origins);

// Same as ReadConfigText, for a file. Returns kNotFound if it cannot be read.
absl::Status ReadConfigFile(const std::string& path, const SettingList& list,
                            google::protobuf::Message* message,
                            Origins* origins);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_FILE_H_
