#include "bridge/app/commands.h"

#include <iostream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/app/bridge.h"
#include "bridge/app/route_table.h"
#include "bridge/app/wiring.h"
#include "bridge/base/host_port.h"
#include "bridge/base/nearest_name.h"
#include "bridge/config/command_line.h"
#include "bridge/config/config.h"
#include "bridge/config/config_text.h"
#include "bridge/config/manual.h"
#include "bridge/config/setting_list.h"
#include "bridge/config/setting_value.h"
#include "bridge/schema/builtin.h"
#include "bridge/schema/schema.h"
#include "bridge/transcode/json_options.h"
#include "bridge/transcode/transcode_tool.h"

namespace sse_bridge {
namespace {

constexpr char kVersionLine[] = "sse-bridge " SSE_BRIDGE_VERSION "\n";

int Fail(const absl::Status& status) {
  std::cerr << "sse-bridge: " << status.message() << "\n";
  return kExitBadUsage;
}

// Parses a command's flags. Given --help or --version, prints that and sets
// `done`.
absl::StatusOr<CommandLine> ReadFlags(
    const std::vector<std::string>& arguments,
    const std::vector<const SettingList*>& lists, const std::string& help,
    bool* done) {
  auto line = ParseCommandLine(arguments, lists);
  *done = line.ok() && (line->help || line->version);
  if (!*done) return line;
  if (line->version) {
    std::cout << kVersionLine;
  } else {
    std::cout << help;
    for (const SettingList* list : lists) std::cout << FlagsHelp(*list);
  }
  return line;
}

int Check(const std::vector<std::string>& arguments) {
  bool done;
  auto line =
      ReadFlags(arguments, {&BridgeSettings()},
                "sse-bridge check [OPTION...]: checks whether the bridge can "
                "start with this\n"
                "configuration and schema, and prints the routes that it would "
                "serve. With\n"
                "--reflect, reads the schema from the backends.\n",
                &done);
  if (!line.ok()) return Fail(line.status());
  if (done) return 0;
  auto loaded = LoadConfig(*line, ProcessEnvironment());
  if (!loaded.ok()) return Fail(loaded.status());
  for (const std::string& warning : loaded->warnings) {
    std::cerr << "sse-bridge: warning: " << warning << "\n";
  }
  const auto bridge = Bridge::Create(*std::move(loaded));
  if (!bridge.ok()) return Fail(bridge.status());
  const Schema& schema = (*bridge)->served()->schema();
  for (const std::string& warning : schema.warnings()) {
    std::cerr << "sse-bridge: warning: " << warning << "\n";
  }
  std::cout << RouteTable(schema, (*bridge)->config());
  return 0;
}

int Config(const std::vector<std::string>& arguments) {
  static const auto* commands =
      new SettingList(bridge::v1::ConfigCommand::descriptor());
  bool done;
  auto line = ReadFlags(
      arguments, {commands, &BridgeSettings()},
      "sse-bridge config [OPTION...]: prints the effective settings, and the "
      "flag,\n"
      "environment variable or line of the --config file that set each.\n",
      &done);
  if (!line.ok()) return Fail(line.status());
  if (done) return 0;
  bridge::v1::ConfigCommand command;
  if (auto s = ApplyFlags(*line, *commands, &command, nullptr); !s.ok()) {
    return Fail(s);
  }
  if (command.defaults() || command.reference()) {
    std::cout << (command.defaults() ? DefaultsFile() : ReferenceMarkdown());
    return 0;
  }
  if (command.manual() || command.completion()) {
    std::cout << (command.manual() ? ManualPage(SSE_BRIDGE_VERSION)
                                   : BashCompletion());
    return 0;
  }
  auto loaded = LoadConfig(*line, ProcessEnvironment());
  if (!loaded.ok()) return Fail(loaded.status());
  std::cout << EffectiveFile(*loaded);
  return 0;
}

// Prints messages as streams encode them.
int Transcode(const std::vector<std::string>& arguments) {
  static const auto* commands =
      new SettingList(bridge::v1::TranscodeCommand::descriptor());
  bool done;
  auto line = ReadFlags(arguments, {commands},
                        "sse-bridge transcode [OPTION...]: reads lines "
                        "FULL.TYPE.NAME BASE64 and\n"
                        "answers OK JSON or ERR REASON.\n",
                        &done);
  if (!line.ok()) return Fail(line.status());
  if (done) return 0;
  bridge::v1::TranscodeCommand command;
  if (auto s = ApplyFlags(*line, *commands, &command, nullptr); !s.ok()) {
    return Fail(s);
  }
  std::vector<SchemaSource> sources;
  for (const std::string& path : command.descriptor_set()) {
    auto source = ReadDescriptorSet(path);
    if (!source.ok()) return Fail(source.status());
    sources.push_back(*std::move(source));
  }
  if (sources.empty()) sources.push_back(BuiltinSource());
  auto merged = MergeDescriptors(sources);
  if (!merged.ok()) return Fail(merged.status());
  JsonOptions options;
  options.preserve_proto_field_names = command.preserve_names();
  options.always_print_fields_with_no_presence = command.always_print();
  std::ios::sync_with_stdio(false);
  return RunTranscodeTool(merged->pool.get(), options, command.fast_only(),
                          std::cin, std::cout);
}

absl::Status UnknownCommand(const std::string& name) {
  if (name == "run" || name == "serve" || name == "start") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown command '", name,
                     "'; the bridge runs without one: sse-bridge --upstream "
                     "HOST:PORT"));
  }
  // `sse-bridge upstream=HOST:PORT` and `sse-bridge HOST:PORT` are meant to be
  // options.
  const std::string key = name.substr(0, name.find('='));
  if (const SettingInfo* setting = BridgeSettings().FindFlag(key)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown command '", name, "'; did you mean --", setting->flag, "?"));
  }
  if (ParseHostPort(name).ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown command '", name, "'; did you mean --upstream ", name, "?"));
  }
  const std::vector<std::string> names(std::begin(kCommandNames),
                                       std::end(kCommandNames));
  const std::string nearest = NearestName(name, names);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown command '", name, "'; ",
      nearest.empty() ? absl::StrCat("commands are ",
                                     absl::StrJoin(names, ", "), "; see --help")
                      : absl::StrCat("did you mean '", nearest, "'?")));
}

}  // namespace

int RunCommand(const std::string& name,
               const std::vector<std::string>& arguments) {
  if (name == "check") return Check(arguments);
  if (name == "config") return Config(arguments);
  if (name == "transcode") return Transcode(arguments);
  if (name == "version") {
    std::cout << kVersionLine;
    return 0;
  }
  if (name == "help") {
    // `help COMMAND` is `COMMAND --help`.
    if (!arguments.empty() && arguments[0][0] != '-' &&
        arguments[0] != "help" && arguments[0] != "version") {
      return RunCommand(arguments[0], {"--help"});
    }
    std::cout << Help();
    return 0;
  }
  return Fail(UnknownCommand(name));
}

std::string Help() {
  return absl::StrCat(
      "sse-bridge: gRPC server streams as Server-Sent Events.\n\n"
      "  sse-bridge --upstream HOST:PORT [--descriptor-set FILE | --reflect]\n"
      "  sse-bridge check [OPTION...]       check the configuration, print "
      "the routes\n"
      "  sse-bridge config [OPTION...]      print the effective settings\n"
      "  sse-bridge config --defaults       print a configuration file to "
      "edit\n"
      "  sse-bridge transcode [OPTION...]   convert messages to JSON\n"
      "  sse-bridge help [COMMAND]          print this list, or a command's "
      "options\n"
      "  sse-bridge version                 print the version\n\n"
      "Every option is also a key of the configuration file (max_streams for\n"
      "--max-streams) and an environment variable (SSE_BRIDGE_MAX_STREAMS).\n"
      "Flags override environment variables, which override the file.\n",
      FlagsHelp(BridgeSettings()),
      "\nSIGHUP reloads the configuration and the schema. SIGTERM drains the "
      "streams\n"
      "and exits; a second SIGTERM exits immediately.\n");
}

}  // namespace sse_bridge
