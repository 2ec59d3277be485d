#include "bridge/config/manual.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bridge/config/config_text.h"
#include "bridge/config/setting_list.h"
#include "bridge/config/setting_value.h"

namespace sse_bridge {
namespace {

using ::google::protobuf::FieldDescriptor;

constexpr absl::string_view kBeginning = R"(.SH NAME
sse\-bridge \- serves gRPC server streams as Server\-Sent Events
.SH SYNOPSIS
.nf
\fBsse\-bridge\fR \fB\-\-upstream\fR \fIADDRESS\fR [\fIOPTION\fR...]
\fBsse\-bridge check\fR [\fIOPTION\fR...]
\fBsse\-bridge config\fR [\fB\-\-defaults\fR | \fIOPTION\fR...]
\fBsse\-bridge transcode\fR [\fIOPTION\fR...]
.fi
.SH DESCRIPTION
\fBsse\-bridge\fR stands between backends that speak gRPC and browsers. It reads
a protobuf schema, serves every annotated server\-streaming RPC as a stream of
Server\-Sent Events and every annotated unary RPC as JSON.
.PP
On stdout it says where it listens; logs go to stderr.
.SH COMMANDS
.TP
.B check
Tells whether the bridge could start with this configuration and this schema,
and prints the routes that it would serve.
.TP
.B config
Prints the settings that hold, and where each was set; with \fB\-\-defaults\fR a
commented file to edit.
.TP
.B transcode
Reads lines with a message each, and prints what streams would make of it.
.SH OPTIONS
Every option is also a key of the configuration file (\fImax_streams\fR for
\fB\-\-max\-streams\fR) and an environment variable
(\fBSSE_BRIDGE_MAX_STREAMS\fR; several values are separated by `;'). Flags win
over the environment, the environment over the file, the file over defaults.
Times are written as 500ms, 5s or 1h30m, sizes as 65536, 256KiB or 4MiB.
.TP
.B \-\-help
Prints this list.
.TP
.B \-\-version
Prints the version.
)";

constexpr absl::string_view kEnd = R"(.SH SIGNALS
.TP
.B SIGHUP
Reads the configuration and the schema again, without dropping a stream. What
needs a restart is named in the log.
.TP
.B SIGTERM, SIGINT
Closes the port and ends all streams within \fB\-\-drain\-timeout\fR. A second
one ends at once.
.SH EXIT STATUS
0 after an orderly end, 2 when the configuration or the schema is wrong, 1 when
something else stopped the start.
.SH FILES
.TP
.I /etc/sse\-bridge/config.yaml
The configuration that the systemd unit starts the bridge with.
.TP
.I /usr/share/sse\-bridge/proto
What the .proto files of a schema import.
.SH SEE ALSO
.BR realtime\-backends (1),
/usr/share/doc/sse\-bridge/README.md
)";

// Text as roff shows it.
std::string Roff(absl::string_view text) {
  std::string out = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
  // At the beginning of a line these two would be a request.
  if (absl::StartsWith(out, ".") || absl::StartsWith(out, "'")) {
    out.insert(0, "\\&");
  }
  return out;
}

bool IsBool(const SettingInfo& setting) {
  return setting.field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
}

// One word for each flag, with '=' where a value follows.
std::vector<std::string> FlagWords() {
  std::vector<std::string> words = {"--help", "--version"};
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    words.push_back(
        absl::StrCat("--", setting.flag, IsBool(setting) ? "" : "="));
    if (IsBool(setting)) words.push_back(absl::StrCat("--no", setting.flag));
  }
  return words;
}

}  // namespace

std::string ManualPage(absl::string_view version) {
  std::string out =
      absl::StrCat(".TH SSE\\-BRIDGE 1 \"\" \"sse\\-bridge ", version,
                   "\" \"User Commands\"\n.nh\n.ad l\n", kBeginning);
  std::string group;
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    if (setting.group != group) {
      group = setting.group;
      absl::StrAppend(&out, ".SS ", Roff(group), "\n");
    }
    absl::StrAppend(
        &out, ".TP\n\\fB\\-\\-", IsBool(setting) ? "[no]" : "",
        Roff(setting.flag), "\\fR",
        IsBool(setting)
            ? ""
            : absl::StrCat("=\\fI", Roff(ValueName(setting)), "\\fR"),
        "\n", Roff(Description(setting, true)), "\n");
  }
  return absl::StrCat(out, kEnd);
}

std::string BashCompletion() {
  std::string values;
  std::vector<std::string> files;
  for (const SettingInfo& setting : BridgeSettings().settings()) {
    if (setting.rules.value_name() == "FILE") {
      files.push_back(absl::StrCat("--", setting.flag));
    }
    if (setting.field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      absl::StrAppend(&values, "    --", setting.flag, ")\n      words='",
                      absl::StrJoin(EnumNames(setting.field->enum_type()), " "),
                      "' ;;\n");
    }
  }
  return absl::StrCat(
      R"(# Completion of sse-bridge for bash. Made by `sse-bridge config --completion`.
_sse_bridge() {
  local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} words
  if [[ $word == = ]]; then
    word=
  elif [[ $flag == = ]]; then
    flag=${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $flag in
    )",
      absl::StrJoin(files, " | "), R"()
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return ;;
)",
      values, R"(    *)
      words=')",
      absl::StrJoin(FlagWords(), " "), R"('
      [[ $COMP_CWORD -gt 1 ]] || words="check config transcode $words" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}
complete -F _sse_bridge sse-bridge
)");
}

}  // namespace sse_bridge
