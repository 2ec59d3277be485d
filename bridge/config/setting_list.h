#ifndef SSE_BRIDGE_BRIDGE_CONFIG_SETTING_LIST_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_SETTING_LIST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/v1/config.pb.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// One field of a message of proto/bridge/v1/config.proto, as users see it.
struct SettingInfo {
  const google::protobuf::FieldDescriptor* field = nullptr;
  bridge::v1::Setting rules;
  std::string key;       // in the file: "max_streams"
  std::string flag;      // without dashes before it: "max-streams"
  std::string variable;  // "SSE_BRIDGE_MAX_STREAMS"
  std::string comment;   // the field's comment, as one paragraph
  std::string group;     // title of the group that the field stands in
};

// Every setting of one message, in the order of the .proto file, read from the
// message's descriptor; the comments come from the descriptor set that is
// linked into the program. Immutable, so thread-safe.
class SettingList {
 public:
  explicit SettingList(const google::protobuf::Descriptor* message);

  // "max_streams"; null when there is none.
  const SettingInfo* FindKey(absl::string_view key) const;

  // "max-streams" or "max_streams"; null when there is none.
  const SettingInfo* FindFlag(absl::string_view flag) const;

  // The key that `key` was probably meant to be, or an empty string.
  std::string Nearest(absl::string_view key) const;

  const std::vector<SettingInfo>& settings() const { return settings_; }

 private:
  std::vector<SettingInfo> settings_;
};

// The settings of bridge.v1.Config.
const SettingList& BridgeSettings();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_SETTING_LIST_H_
