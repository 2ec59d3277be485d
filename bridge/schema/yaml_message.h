#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_YAML_MESSAGE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_YAML_MESSAGE_H_

#include <yaml-cpp/yaml.h>

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Maximum number of values in one message, nested ones included. YAML's aliases
// can repeat a value without end.
inline constexpr size_t kMaxYamlValues = 10000;

// Replaces `message` with what a YAML mapping says, as ProtoJSON would: names
// of fields in either form, enums by name, durations as "5s". Errors are
// kInvalidArgument, "NAME:LINE:COLUMN: PATH.FIELD: REASON": an unknown or
// repeated field, two fields of a oneof, a value of the wrong type, or no
// value. `path` is that of the mapping in its file.
absl::Status ReadYamlMessage(absl::string_view name, const YAML::Node& node,
                             absl::string_view path,
                             google::protobuf::Message* message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_YAML_MESSAGE_H_
