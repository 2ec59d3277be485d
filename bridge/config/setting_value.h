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

// Values of settings as text: what stands in files, flags, variables, and in
// the option `default`. Times are 500ms, 5s, 1h30m; sizes a number of bytes or
// 256KiB (1024) or 1MB (1000); enums the value's name in lower case without the
// enum's ("info").

// Sets the field, or adds an element to a repeated one. The reason of an error
// does not name the setting: the caller knows where the text came from.
absl::Status AddValue(const SettingInfo& setting, absl::string_view text,
                      google::protobuf::Message* message);

// The values that the field holds, as text; one for a field that is not
// repeated.
std::vector<std::string> ValuesOf(const SettingInfo& setting,
                                  const google::protobuf::Message& message);

// Gives each field of the message its default.
void SetDefaults(const SettingList& list, google::protobuf::Message* message);

// Copies one field between messages of one type.
void CopyField(const google::protobuf::FieldDescriptor* field,
               const google::protobuf::Message& from,
               google::protobuf::Message* to);

// Which values are allowed, for people ("0 to 5m"); empty where any is.
std::string AllowedValues(const SettingInfo& setting);

// The names of an enum's values, as AddValue takes them.
std::vector<std::string> EnumNames(
    const google::protobuf::EnumDescriptor* type);

// True when the field is a time.
bool IsDuration(const SettingInfo& setting);

// The value of a Duration field.
absl::Duration ToDuration(const google::protobuf::Duration& duration);

// HOST:PORT, or [IPV6]:PORT, whose brackets are no part of `host`.
struct HostPort {
  std::string host;
  int port = 0;
};
absl::StatusOr<HostPort> ParseHostPort(absl::string_view text);

// "HOST:PORT", with brackets where the host needs them.
std::string ToString(const HostPort& address);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CONFIG_SETTING_VALUE_H_
