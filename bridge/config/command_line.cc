#include "bridge/config/command_line.h"

#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/nearest_name.h"
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

// What other programs call our flags.
constexpr std::pair<absl::string_view, absl::string_view> kOtherNames[] = {
    {"addr", "listen"},
    {"address", "listen"},
    {"backend", "upstream"},
    {"bind", "listen"},
    {"cert", "tls-cert"},
    {"debug", "log-level"},
    {"descriptor", "descriptor-set"},
    {"host", "listen"},
    {"key", "tls-key"},
    {"metrics", "admin"},
    {"port", "listen"},
    {"proto", "descriptor-set"},
    {"protoset", "descriptor-set"},
    {"quiet", "log-level"},
    {"schema", "descriptor-set"},
    {"server", "upstream"},
    {"target", "upstream"},
    {"threads", "workers"},
    {"verbose", "log-level"},
};

// The flag that `name` was probably meant to be; empty if none is close.
std::string NearestFlag(absl::Span<const SettingList* const> lists,
                        absl::string_view name) {
  for (const auto& [other, flag] : kOtherNames) {
    if (name == other && Find(lists, flag) != nullptr) return std::string(flag);
  }
  std::vector<std::string> flags = {"help", "version"};
  for (const SettingList* list : lists) {
    for (const SettingInfo& setting : list->settings()) {
      flags.push_back(setting.flag);
    }
  }
  return NearestName(name, flags);
}

// `written`: the name with its dashes.
absl::Status Unknown(absl::Span<const SettingList* const> lists,
                     absl::string_view written, absl::string_view name) {
  absl::string_view positive = name;
  const SettingInfo* negated =
      absl::ConsumePrefix(&positive, "no")
          ? Find(lists, absl::StripPrefix(positive, "-"))
          : nullptr;
  if (negated != nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown option ", written, "; --", negated->flag, " takes a value"));
  }
  const std::string nearest = NearestFlag(lists, name);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown option ", written,
      nearest.empty() ? "; see --help"
                      : absl::StrCat("; did you mean --", nearest, "?")));
}

// `before` is the flag without a value that precedes the argument; may be null.
absl::Status Unexpected(absl::Span<const SettingList* const> lists,
                        const std::string& argument,
                        const SettingInfo* before) {
  std::string hint;
  const std::string key = argument.substr(0, argument.find('='));
  if (absl::c_linear_search(kCommandNames, argument)) {
    hint = absl::StrCat("; a command comes first: sse-bridge ", argument,
                        " [OPTION...]");
  } else if (before != nullptr && (argument == "true" || argument == "false")) {
    hint = absl::StrCat("; did you mean --", before->flag, "=", argument, "?");
  } else if (const SettingInfo* setting = Find(lists, key)) {
    hint = absl::StrCat("; did you mean --", setting->flag, "?");
  } else if (argument != "-") {
    hint = "; options begin with --, see --help";
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unexpected argument '", argument, "'", hint));
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(
    absl::Span<const std::string> arguments,
    absl::Span<const SettingList* const> lists) {
  CommandLine line;
  const SettingInfo* last_switch = nullptr;  // a boolean without a value
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view name = arguments[i];
    const SettingInfo* before = std::exchange(last_switch, nullptr);
    if (!absl::ConsumePrefix(&name, "-") || name.empty()) {
      return Unexpected(lists, arguments[i], before);
    }
    absl::ConsumePrefix(&name, "-");
    if (name == "help" || name == "helpfull" || name == "h" || name == "?") {
      line.help = true;
      continue;
    }
    if (name == "version" || name == "v" || name == "V") {
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
      if (negated == nullptr || !negated->is_bool()) {
        const absl::string_view written = arguments[i];
        return Unknown(lists, written.substr(0, written.find('=')), name);
      }
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
      last_switch = setting;
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
