#ifndef SSE_BRIDGE_BRIDGE_CONFIG_SETTING_LIST_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_SETTING_LIST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/v1/config.pb.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// A setting as users see it: one field of a message in
// proto/bridge/v1/config.proto.
struct SettingInfo {
  const google::protobuf::FieldDescriptor* field = nullptr;
  bridge::v1::Setting rules;
  std::string key;       // in the file: "max_streams"
  std::string flag;      // without leading dashes: "max-streams"
  std::string variable;  // "SSE_BRIDGE_MAX_STREAMS"
  std::string comment;   // the field's comment, as one paragraph
  std::string group;     // title of the field's group

  bool is_bool() const {
    return field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL;
  }
};

// The settings of one message, in the order of the .proto file. They are read
// from the message's descriptor; the comments come from the descriptor set that
// is linked into the program. Immutable and thread-safe.
class SettingList {
 public:
  explicit SettingList(const google::protobuf::Descriptor* message);

  // Finds a setting by its key, "max_streams". Null if there is none.
  const SettingInfo* FindKey(absl::string_view key) const;

  // Finds a setting by its flag, "max-streams" or "max_streams". Null if there
  // is none.
  const SettingInfo* FindFlag(absl::string_view flag) const;

  // The key that the misspelled `key` was probably meant to be (NearestName).
  std::string Nearest(absl::string_view key) const;

  const std::vector<SettingInfo>& settings() const { return settings_; }

 private:
  std::vector<SettingInfo> settings_;
};

// The settings of bridge.v1.Config.
const SettingList& BridgeSettings();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_SETTING_LIST_H_
