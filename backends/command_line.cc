#include "backends/command_line.h"

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "bridge/base/nearest_name.h"

namespace sse_bridge {
namespace {

constexpr int kBadUsage = 2;
constexpr size_t kLineWidth = 78;

// The program's flags by their names on the command line ("market-interval").
using Flags = std::map<std::string, absl::CommandLineFlag*, std::less<>>;

Flags OwnFlags() {
  Flags own;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (!absl::EndsWith(flag->Filename(), "backends/main.cc")) continue;
    own.emplace(absl::StrReplaceAll(name, {{"_", "-"}}), flag);
  }
  return own;
}

// The value's default as a user writes it.
std::string DefaultOf(const absl::CommandLineFlag& flag) {
  const std::string text = flag.DefaultValue();
  return text.empty() ? "" : absl::StrCat(" Default ", text, ".");
}

std::string Help(const Flags& flags) {
  std::string out =
      "realtime-backends [OPTION...]: serves prices, notifications, tasks, "
      "channels\nand metrics over gRPC.\n\n";
  for (const auto& [name, flag] : flags) {
    const bool is_switch = flag->IsOfType<bool>();
    absl::StrAppend(&out, "  --", is_switch ? "[no]" : "", name,
                    is_switch ? "" : "=VALUE", "\n");
    std::string line = "       ";
    for (absl::string_view word : absl::StrSplit(
             absl::StrCat(flag->Help(), ".", DefaultOf(*flag)), ' ')) {
      if (line.size() + 1 + word.size() > kLineWidth) {
        absl::StrAppend(&out, line, "\n");
        line = "       ";
      }
      absl::StrAppend(&line, " ", word);
    }
    absl::StrAppend(&out, line, "\n");
  }
  return absl::StrCat(out, "  --help\n  --version\n");
}

int Wrong(absl::string_view message) {
  std::cerr << "realtime-backends: " << message << "\n";
  return kBadUsage;
}

std::string Unknown(const Flags& flags, absl::string_view written,
                    absl::string_view name) {
  std::vector<std::string> names = {"help", "version"};
  for (const auto& [each, flag] : flags) names.push_back(each);
  const std::string nearest = NearestName(name, names);
  return absl::StrCat("unknown option ", written,
                      nearest.empty()
                          ? "; see --help"
                          : absl::StrCat("; did you mean --", nearest, "?"));
}

}  // namespace

std::optional<int> ParseFlags(int argc, char** argv) {
  const Flags flags = OwnFlags();
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    absl::string_view name = argument;
    const bool is_option = absl::ConsumePrefix(&name, "-");
    absl::ConsumePrefix(&name, "-");
    if (name == "help" || (is_option && (name == "h" || name == "?"))) {
      std::cout << Help(flags);
      return 0;
    }
    if (name == "version" || (is_option && name == "v")) {
      std::cout << "realtime-backends " SSE_BRIDGE_VERSION "\n";
      return 0;
    }
    if (!is_option || name.empty()) {
      return Wrong(absl::StrCat("unexpected argument '", argument,
                                "'; options begin with --, see --help"));
    }
    const size_t equals = name.find('=');
    const bool has_value = equals != absl::string_view::npos;
    std::string value(has_value ? name.substr(equals + 1)
                                : absl::string_view());
    const std::string key =
        absl::StrReplaceAll(name.substr(0, equals), {{"_", "-"}});
    auto found = flags.find(key);
    bool negated = false;
    if (found == flags.end() && !has_value) {
      absl::string_view positive = key;
      if (absl::ConsumePrefix(&positive, "no")) {
        found = flags.find(absl::StripPrefix(positive, "-"));
        negated = found != flags.end() && found->second->IsOfType<bool>();
        if (!negated) found = flags.end();
      }
    }
    if (found == flags.end()) {
      return Wrong(Unknown(flags, argument.substr(0, argument.find('=')), key));
    }
    absl::CommandLineFlag& flag = *found->second;
    if (!has_value) {
      if (flag.IsOfType<bool>()) {
        value = negated ? "false" : "true";
      } else if (i + 1 < argc) {
        value = argv[++i];
      } else {
        return Wrong(absl::StrCat("--", found->first, ": requires a value"));
      }
    }
    if (std::string error; !flag.ParseFrom(value, &error)) {
      return Wrong(absl::StrCat("--", found->first, ": '", value,
                                "' is not valid", error.empty() ? "" : "; ",
                                error));
    }
  }
  return std::nullopt;
}

}  // namespace sse_bridge
