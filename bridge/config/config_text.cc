#include "bridge/config/config_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bridge/base/json_quote.h"
#include "bridge/config/setting_value.h"

namespace sse_bridge {
namespace {

using ::google::protobuf::FieldDescriptor;

constexpr size_t kLineWidth = 78;

std::string Wrapped(absl::string_view text, absl::string_view indent) {
  std::string out, line(indent);
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    if (line.size() > indent.size() &&
        line.size() + 1 + word.size() > kLineWidth) {
      absl::StrAppend(&out, line, "\n");
      line = std::string(indent);
    }
    absl::StrAppend(&line, line.size() > indent.size() ? " " : "", word);
  }
  return absl::StrCat(out, line, "\n");
}

// The default value as text; empty if there is none.
std::string DefaultOf(const SettingInfo& setting) {
  bridge::v1::Config config;
  SetDefaults(BridgeSettings(), &config);
  if (setting.field->containing_type() != config.GetDescriptor()) return "";
  return absl::StrJoin(ValuesOf(setting, config), ", ");
}

// "Default 5s; from 0 to 5m. Repeatable."
std::string Facts(const SettingInfo& setting, bool with_default) {
  std::vector<std::string> facts;
  const std::string value = DefaultOf(setting);
  if (with_default && !value.empty() && value != "false") {
    facts.push_back(absl::StrCat("Default ", value, "."));
  }
  if (const std::string allowed = AllowedValues(setting); !allowed.empty()) {
    std::string text = allowed;
    text[0] = absl::ascii_toupper(text[0]);
    facts.push_back(absl::StrCat(text, "."));
  }
  if (!setting.rules.zero_means().empty()) {
    facts.push_back(absl::StrCat("0: ", setting.rules.zero_means(), "."));
  }
  if (setting.field->is_repeated()) facts.push_back("Repeatable.");
  if (setting.rules.reloadable()) facts.push_back("SIGHUP reloads it.");
  return absl::StrJoin(facts, " ");
}

// A YAML scalar that parses to this text. Strings are quoted as in JSON, so
// that YAML does not take them for another type.
std::string Scalar(const SettingInfo& setting, const std::string& text) {
  if (setting.field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return text;
  return JsonQuote(text);
}

std::string Entry(const SettingInfo& setting,
                  const google::protobuf::Message& message) {
  std::vector<std::string> values;
  for (const std::string& value : ValuesOf(setting, message)) {
    values.push_back(Scalar(setting, value));
  }
  if (setting.field->is_repeated()) {
    return absl::StrCat(setting.key, ": [", absl::StrJoin(values, ", "), "]");
  }
  return absl::StrCat(setting.key, ": ", values[0]);
}

// Removes the password from a URL, "redis://USER:PASSWORD@HOST". Returns false
// if there is none.
bool HidePassword(const SettingInfo& setting,
                  google::protobuf::Message* message) {
  if (!setting.rules.secret()) return false;
  const auto* reflection = message->GetReflection();
  std::string url = reflection->GetString(*message, setting.field);
  const size_t at = url.rfind('@');
  if (at == std::string::npos) return false;
  const size_t scheme = url.find("://");
  const size_t login = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t colon = std::min(url.find(':', login), at);
  url.replace(colon, at - colon, ":***");
  reflection->SetString(message, setting.field, url);
  return true;
}

// Sets `group` to the setting's group. Returns true if it changed.
bool NewGroup(const SettingInfo& setting, std::string* group) {
  if (setting.group == *group) return false;
  *group = setting.group;
  return true;
}

}  // namespace

std::string ValueName(const SettingInfo& setting) {
  if (!setting.rules.value_name().empty()) return setting.rules.value_name();
  if (IsDuration(setting)) return "TIME";
  if (setting.rules.unit() == bridge::v1::Setting::BYTES) return "SIZE";
  switch (setting.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return "WORD";
    case FieldDescriptor::CPPTYPE_STRING:
      return "TEXT";
    default:
      return "N";
  }
}

std::string Description(const SettingInfo& setting, bool with_default) {
  const std::string facts = Facts(setting, with_default);
  return absl::StrCat(setting.comment, facts.empty() ? "" : " ", facts);
}

std::string FlagsHelp(const SettingList& list) {
  std::string out, group;
  for (const SettingInfo& setting : list.settings()) {
    if (NewGroup(setting, &group)) absl::StrAppend(&out, "\n", group, "\n");
    const bool is_bool =
        setting.field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
    absl::StrAppend(&out, "  --", is_bool ? "[no]" : "", setting.flag,
                    is_bool ? "" : absl::StrCat("=", ValueName(setting)), "\n",
                    Wrapped(Description(setting, true), "        "));
  }
  return out;
}

std::string DefaultsFile() {
  bridge::v1::Config config;
  SetDefaults(BridgeSettings(), &config);
  std::string out =
      "# Settings of sse-bridge, each with its default. Flags (--max-streams) "
      "and\n"
      "# environment variables (SSE_BRIDGE_MAX_STREAMS) override this file.\n"
      "# `sse-bridge check --config FILE` validates it.\n";
  std::string group;
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    if (setting.rules.not_in_file()) continue;
    if (NewGroup(setting, &group)) {
      absl::StrAppend(&out, "\n# ---- ", group, " ----\n");
    }
    absl::StrAppend(&out, "\n", Wrapped(Description(setting, false), "# "), "#",
                    Entry(setting, config), "\n");
  }
  return out;
}

std::string EffectiveFile(const LoadedConfig& loaded) {
  std::string out, group;
  bridge::v1::Config shown = loaded.config;
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    if (setting.rules.not_in_file()) continue;
    if (NewGroup(setting, &group)) {
      absl::StrAppend(&out, out.empty() ? "" : "\n", "# ---- ", group,
                      " ----\n");
    }
    std::string origin = loaded.origins.Of(setting.key);
    if (HidePassword(setting, &shown)) {
      absl::StrAppend(&origin, ", password hidden");
    }
    absl::StrAppend(&out, Entry(setting, shown), origin.empty() ? "" : "  # ",
                    origin, "\n");
  }
  return out;
}

std::string ReferenceMarkdown() {
  std::string out, group;
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    if (NewGroup(setting, &group)) {
      absl::StrAppend(&out, out.empty() ? "" : "\n", "**", group,
                      "**\n\n| setting | default | meaning |\n"
                      "| --- | --- | --- |\n");
    }
    const std::string value = DefaultOf(setting);
    absl::StrAppend(
        &out, "| `", setting.key, "` | ",
        value.empty() ? "" : absl::StrCat("`", value, "`"), " | ",
        absl::StrReplaceAll(Description(setting, false), {{"|", "\\|"}}),
        " |\n");
  }
  return out;
}

}  // namespace sse_bridge
