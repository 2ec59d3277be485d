#ifndef SSE_BRIDGE_BRIDGE_CONFIG_SETTING_VALUE_H_
#define SSE_BRIDGE_BRIDGE_CONFIG_SETTING_VALUE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/config/setting_list.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Conversion between settings and their text in files, flags, environment
// variables and the option `default`. Durations are written as 500ms, 5s or
// 1h30m; sizes as a number of bytes, or with a unit such as KiB (1024) or kB
// (1000); enum values as their name in lower case without the enum's prefix
// ("info").

// Sets the field, or adds an element to a repeated field. Error messages do not
// name the setting: the caller adds the origin of the text.
absl::Status AddValue(const SettingInfo& setting, absl::string_view text,
                      google::protobuf::Message* message);

// The field's values as text; exactly one if the field is not repeated.
std::vector<std::string> ValuesOf(const SettingInfo& setting,
                                  const google::protobuf::Message& message);

// Sets each field of the message to its default.
void SetDefaults(const SettingList& list, google::protobuf::Message* message);

// Copies one field between messages of the same type.
void CopyField(const google::protobuf::FieldDescriptor* field,
               const google::protobuf::Message& from,
               google::protobuf::Message* to);

// The allowed values as text for users ("from 0 to 5m"); empty if any value is
// allowed.
std::string AllowedValues(const SettingInfo& setting);

// The names of an enum's values, as AddValue accepts them.
std::vector<std::string> EnumNames(
    const google::protobuf::EnumDescriptor* type);

// Returns true if the field is a google.protobuf.Duration.
bool IsDuration(const SettingInfo& setting);

// The value of a Duration field.
absl::Duration ToDuration(const google::protobuf::Duration& duration);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_SETTING_VALUE_H_
