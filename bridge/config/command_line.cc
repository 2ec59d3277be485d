#include "bridge/config/command_line.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/config/origins.h"
#include "bridge/config/setting_value.h"

namespace sse_bridge {
namespace {

using ::google::protobuf::FieldDescriptor;

const SettingInfo* Find(absl::Span<const SettingList* const> lists,
                        absl::string_view name) {
  for (const SettingList* list : lists) {
    if (const SettingInfo* found = list->FindFlag(name)) return found;
  }
  return nullptr;
}

absl::Status Unknown(absl::Span<const SettingList* const> lists,
                     absl::string_view name) {
  for (const SettingList* list : lists) {
    const std::string nearest = list->Nearest(name);
    if (nearest.empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("unknown option --", name, "; did you mean --",
                     list->FindKey(nearest)->flag, "?"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown option --", name, "; see --help"));
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(
    absl::Span<const std::string> arguments,
    absl::Span<const SettingList* const> lists) {
  CommandLine line;
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view name = arguments[i];
    if (!absl::ConsumePrefix(&name, "-") || name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("unexpected argument '", arguments[i], "'"));
    }
    absl::ConsumePrefix(&name, "-");
    if (name == "help" || name == "helpfull" || name == "h") {
      line.help = true;
      continue;
    }
    if (name == "version") {
      line.version = true;
      continue;
    }
    const size_t equals = name.find('=');
    const bool has_value = equals != absl::string_view::npos;
    const absl::string_view value =
        has_value ? name.substr(equals + 1) : absl::string_view();
    name = name.substr(0, equals);

    const SettingInfo* setting = Find(lists, name);
    if (setting == nullptr) {
      absl::string_view positive = name;
      const SettingInfo* negated =
          absl::ConsumePrefix(&positive, "no")
              ? Find(lists, absl::StripPrefix(positive, "-"))
              : nullptr;
      if (negated == nullptr || !negated->is_bool())
        return Unknown(lists, name);
      if (has_value) {
        return absl::InvalidArgumentError(
            absl::StrCat("--", name, ": does not take a value"));
      }
      line.values.push_back({negated, "false"});
      continue;
    }
    if (has_value) {
      line.values.push_back({setting, std::string(value)});
    } else if (setting->is_bool()) {
      line.values.push_back({setting, "true"});
    } else if (i + 1 < arguments.size()) {
      line.values.push_back({setting, arguments[++i]});
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--", setting->flag, ": requires a value"));
    }
  }
  return line;
}

absl::Status ApplyFlags(const CommandLine& line, const SettingList& list,
                        google::protobuf::Message* message, Origins* origins) {
  std::map<std::string, std::vector<std::string>> given;
  for (const CommandLine::Value& value : line.values) {
    if (list.FindKey(value.setting->key) != value.setting) continue;
    std::vector<std::string>& of_key = given[value.setting->key];
    if (of_key.empty()) {
      message->GetReflection()->ClearField(message, value.setting->field);
    }
    const std::string flag = absl::StrCat("--", value.setting->flag);
    if (absl::Status s = AddValue(*value.setting, value.text, message);
        !s.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(flag, ": ", s.message()));
    }
    of_key.push_back(flag);
  }
  if (origins != nullptr) {
    for (auto& [key, values] : given) origins->Set(key, std::move(values));
  }
  return absl::OkStatus();
}

}  // namespace sse_bridge
