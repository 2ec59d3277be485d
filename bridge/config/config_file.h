#ifndef SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_FILE_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/config/origins.h"
#include "bridge/config/setting_list.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Largest configuration file that is read, in bytes.
inline constexpr size_t kMaxConfigBytes = size_t{1} << 20;

// Reads settings from YAML (of which JSON is a part): one mapping from keys to
// scalars, or to lists of them for repeated settings. What the text does not
// name keeps its value in `message`. Every error (kInvalidArgument) begins with
// "NAME:LINE:COLUMN: KEY: "; unknown and repeated keys, wrong types and values
// out of range are errors.
absl::Status ReadConfigText(absl::string_view name, absl::string_view text,
                            const SettingList& list,
                            google::protobuf::Message* message,
                            Origins* origins);

// The same for a file; kNotFound when it cannot be read.
absl::Status ReadConfigFile(const std::string& path, const SettingList& list,
                            google::protobuf::Message* message,
                            Origins* origins);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_CONFIG_FILE_H_
