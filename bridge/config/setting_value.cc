#include "bridge/config/setting_value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>
#include <variant>

#include "absl/flags/marshalling.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "bridge/base/host_port.h"
#include "bridge/base/utf8.h"

namespace sse_bridge {
namespace {

using ::bridge::v1::Setting;
using ::google::protobuf::EnumDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

// int64_t holds integers, sizes and the numbers of enum values.
using Value = std::variant<bool, int64_t, double, absl::Duration, std::string>;

struct SizeUnit {
  absl::string_view name;
  int64_t bytes;
};
constexpr std::array<SizeUnit, 9> kSizeUnits = {{
    {"TiB", int64_t{1} << 40},
    {"GiB", int64_t{1} << 30},
    {"MiB", int64_t{1} << 20},
    {"KiB", int64_t{1} << 10},
    {"TB", 1000'000'000'000},
    {"GB", 1000'000'000},
    {"MB", 1000'000},
    {"kB", 1000},
    {"B", 1},
}};

absl::Status Bad(absl::string_view text, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", CutText(text, kMaxNameShown), "' is not ", wanted));
}

absl::StatusOr<Value> ParseSize(absl::string_view text) {
  absl::string_view number = text;
  int64_t unit = 1;
  for (const SizeUnit& each : kSizeUnits) {
    if (absl::ConsumeSuffix(&number, each.name)) {
      unit = each.bytes;
      break;
    }
  }
  int64_t count;
  if (!absl::SimpleAtoi(number, &count) ||
      std::abs(count) > std::numeric_limits<int64_t>::max() / unit) {
    return Bad(text, "a size, such as 65536, 256KiB or 4MiB");
  }
  return count * unit;
}

absl::StatusOr<Value> ParseTime(absl::string_view text) {
  absl::Duration time;
  std::string ignored;
  if (!absl::ParseFlag(text, &time, &ignored) ||
      time == absl::InfiniteDuration() || time == -absl::InfiniteDuration()) {
    return Bad(text, "a time, such as 500ms, 5s or 1h30m");
  }
  return time;
}

std::string EnumName(const google::protobuf::EnumValueDescriptor* value) {
  // The name of LogLevel's LOG_LEVEL_INFO is "info".
  std::string prefix;
  for (char c : value->type()->name()) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(c);
  }
  absl::string_view name = value->name();
  absl::ConsumePrefix(&name, prefix + "_");
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}});
}

absl::StatusOr<Value> ParseEnum(absl::string_view text,
                                const EnumDescriptor* type) {
  for (int i = 0; i < type->value_count(); ++i) {
    if (EnumName(type->value(i)) == text) {
      return int64_t{type->value(i)->number()};
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown value '", CutText(text, kMaxNameShown),
                   "': must be ", absl::StrJoin(EnumNames(type), ", ")));
}

absl::StatusOr<Value> ParseText(absl::string_view text,
                                Setting::Format format) {
  if (text.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("must not contain a NUL character");
  }
  // A name with extra whitespace would never match.
  if (absl::StripAsciiWhitespace(text) != text) {
    return absl::InvalidArgumentError("must not begin or end with whitespace");
  }
  if (std::any_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_iscntrl(static_cast<unsigned char>(c));
      })) {
    return absl::InvalidArgumentError("must not contain control characters");
  }
  if (format == Setting::HOST_PORT && !text.empty()) {
    if (auto parsed = ParseHostPort(text); !parsed.ok()) {
      return parsed.status();
    }
  }
  return std::string(text);
}

absl::StatusOr<Value> Parse(const SettingInfo& setting,
                            absl::string_view text) {
  std::string ignored;
  switch (setting.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: {
      bool value;
      if (absl::ParseFlag(text, &value, &ignored)) return value;
      return Bad(text, "true or false");
    }
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: {
      if (setting.rules.unit() == Setting::BYTES) return ParseSize(text);
      int64_t value;
      if (absl::ParseFlag(text, &value, &ignored)) return value;
      return Bad(text, "a whole number");
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double value;
      if (absl::SimpleAtod(text, &value) && std::isfinite(value)) return value;
      return Bad(text, "a number");
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return ParseEnum(text, setting.field->enum_type());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ParseTime(text);
    default:
      return ParseText(text, setting.rules.format());
  }
}

// Parses a default or a bound from the .proto file. setting_list_test checks
// that all of them are valid.
Value Constant(const SettingInfo& setting, absl::string_view text) {
  return *Parse(setting, text);
}

bool HasRange(const SettingInfo& setting) {
  switch (setting.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return true;
    default:
      return false;
  }
}

absl::Status CheckRange(const SettingInfo& setting, const Value& value) {
  if (!HasRange(setting)) return absl::OkStatus();
  const Value zero = Constant(setting, "0");
  if (!setting.rules.zero_means().empty() && value == zero) {
    return absl::OkStatus();
  }
  const std::string& min = setting.rules.min();
  const std::string& max = setting.rules.max();
  const bool in_range =
      value >= (min.empty() ? zero : Constant(setting, min)) &&
      (max.empty() || value <= Constant(setting, max));
  if (in_range) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("must be ", AllowedValues(setting)));
}

void Store(const SettingInfo& setting, const Value& value, Message* message) {
  const FieldDescriptor* field = setting.field;
  const Reflection* reflection = message->GetReflection();
  const bool add = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection->SetBool(message, field, std::get<bool>(value));
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      reflection->SetInt32(message, field,
                           static_cast<int32_t>(std::get<int64_t>(value)));
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection->SetInt64(message, field, std::get<int64_t>(value));
      return;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      reflection->SetDouble(message, field, std::get<double>(value));
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection->SetEnumValue(message, field,
                               static_cast<int>(std::get<int64_t>(value)));
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      google::protobuf::Duration duration;
      const absl::Duration time = std::get<absl::Duration>(value);
      duration.set_seconds(absl::ToInt64Seconds(time));
      duration.set_nanos(static_cast<int32_t>(
          absl::ToInt64Nanoseconds(time - absl::Seconds(duration.seconds()))));
      reflection->MutableMessage(message, field)->CopyFrom(duration);
      return;
    }
    default: {
      const std::string& text = std::get<std::string>(value);
      if (add) {
        reflection->AddString(message, field, text);
      } else {
        reflection->SetString(message, field, text);
      }
    }
  }
}

std::string FormatSize(int64_t bytes) {
  for (const SizeUnit& unit : kSizeUnits) {
    if (unit.name.size() == 3 && bytes != 0 && bytes % unit.bytes == 0) {
      return absl::StrCat(bytes / unit.bytes, unit.name);
    }
  }
  return absl::StrCat(bytes);
}

}  // namespace

bool IsDuration(const SettingInfo& setting) {
  return setting.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

absl::Status AddValue(const SettingInfo& setting, absl::string_view text,
                      Message* message) {
  absl::StatusOr<Value> value = Parse(setting, text);
  if (!value.ok()) return value.status();
  if (absl::Status status = CheckRange(setting, *value); !status.ok()) {
    return status;
  }
  Store(setting, *value, message);
  return absl::OkStatus();
}

std::vector<std::string> ValuesOf(const SettingInfo& setting,
                                  const Message& message) {
  const FieldDescriptor* field = setting.field;
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return {reflection->GetBool(message, field) ? "true" : "false"};
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: {
      const int64_t value = field->cpp_type() == FieldDescriptor::CPPTYPE_INT32
                                ? reflection->GetInt32(message, field)
                                : reflection->GetInt64(message, field);
      return {setting.rules.unit() == Setting::BYTES ? FormatSize(value)
                                                     : absl::StrCat(value)};
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return {absl::StrCat(reflection->GetDouble(message, field))};
    case FieldDescriptor::CPPTYPE_ENUM:
      return {EnumName(reflection->GetEnum(message, field))};
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      google::protobuf::Duration duration;
      duration.CopyFrom(reflection->GetMessage(message, field));
      return {absl::FormatDuration(ToDuration(duration))};
    }
    default:
      break;
  }
  if (!field->is_repeated()) return {reflection->GetString(message, field)};
  const int count = reflection->FieldSize(message, field);
  std::vector<std::string> values;
  values.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    values.push_back(reflection->GetRepeatedString(message, field, i));
  }
  return values;
}

void SetDefaults(const SettingList& list, Message* message) {
  for (const SettingInfo& setting : list.settings()) {
    message->GetReflection()->ClearField(message, setting.field);
    if (setting.rules.default_().empty()) continue;
    Store(setting, Constant(setting, setting.rules.default_()), message);
  }
}

void CopyField(const FieldDescriptor* field, const Message& from, Message* to) {
  // Merge from a copy that has only this field.
  std::unique_ptr<Message> copy(from.New());
  copy->CopyFrom(from);
  std::vector<const FieldDescriptor*> set;
  copy->GetReflection()->ListFields(*copy, &set);
  for (const FieldDescriptor* other : set) {
    if (other != field) copy->GetReflection()->ClearField(copy.get(), other);
  }
  to->GetReflection()->ClearField(to, field);
  to->MergeFrom(*copy);
}

std::string AllowedValues(const SettingInfo& setting) {
  if (setting.field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return absl::StrJoin(EnumNames(setting.field->enum_type()), ", ");
  }
  if (!HasRange(setting)) return "";
  const std::string& min = setting.rules.min();
  const std::string& max = setting.rules.max();
  std::string text = absl::StrCat("from ", min.empty() ? "0" : min);
  text = max.empty() ? absl::StrCat(min.empty() ? "0" : min, " or more")
                     : absl::StrCat(text, " to ", max);
  if (!setting.rules.zero_means().empty() && !min.empty()) {
    absl::StrAppend(&text, ", or 0");
  }
  return text;
}

std::vector<std::string> EnumNames(const EnumDescriptor* type) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(type->value_count()));
  for (int i = 0; i < type->value_count(); ++i) {
    names.push_back(EnumName(type->value(i)));
  }
  return names;
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

}  // namespace sse_bridge
