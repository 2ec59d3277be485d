#include "bridge/codegen/ts_package.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {
namespace {

using Json = nlohmann::ordered_json;

// npm's limit.
constexpr size_t kMaxNameBytes = 214;

// Files, of the package or of runtime/, that are imported as PACKAGE/NAME, and
// the framework that they need, which users of the others need not have.
struct EntryPoint {
  absl::string_view name;
  absl::string_view peer = {};
  absl::string_view peer_version = {};
};
constexpr EntryPoint kEntryPoints[] = {
    {"messages"},
    {"values"},
    {"react", "react", ">=18"},
    {"vue", "vue", ">=3.3"},
    {"svelte"},  // imports nothing
    {"tanstack", "@tanstack/query-core", ">=5.67"},
    {"testing"},
    {"values"},
};

// One part of a name, as encodeURIComponent leaves it unchanged.
bool IsNamePart(absl::string_view part) {
  if (part.empty() || part[0] == '.' || part[0] == '_') return false;
  return std::all_of(part.begin(), part.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' ||
           c == '_' || c == '.' || c == '~';
  });
}

bool IsName(absl::string_view name) {
  if (name.size() > kMaxNameBytes) return false;
  if (!absl::StartsWith(name, "@")) {
    return IsNamePart(name) && name != "node_modules" && name != "favicon.ico";
  }
  const std::vector<absl::string_view> parts =
      absl::StrSplit(name.substr(1), '/');
  return parts.size() == 2 && IsNamePart(parts[0]) && IsNamePart(parts[1]);
}

bool IsNumber(absl::string_view text) {
  return !text.empty() && (text == "0" || text[0] != '0') &&
         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

// https://semver.org, without the rule about leading zeros after a hyphen.
bool IsVersion(absl::string_view version) {
  const size_t end = version.find_first_of("-+");
  const std::vector<absl::string_view> numbers =
      absl::StrSplit(version.substr(0, end), '.');
  if (numbers.size() != 3 ||
      !std::all_of(numbers.begin(), numbers.end(), IsNumber)) {
    return false;
  }
  if (end == absl::string_view::npos) return true;
  for (absl::string_view part :
       absl::StrSplit(version.substr(end + 1), absl::ByAnyChar(".+"))) {
    if (part.empty()) return false;
    for (unsigned char c : part) {
      if (!absl::ascii_isalnum(c) && c != '-') return false;
    }
  }
  return true;
}

Json Export(absl::string_view types, absl::string_view code) {
  Json entry = Json::object();
  entry["types"] = std::string(types);
  entry["default"] = std::string(code);
  return entry;
}

}  // namespace

absl::Status CheckTsPackage(const TsPackageOptions& options) {
  if (!options.name.empty() && !IsName(options.name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "package: \"", options.name,
        "\" cannot be the name of an npm package: it is NAME or @SCOPE/NAME in "
        "lower case, of letters, digits and \"-._~\", does not begin with "
        "\".\" "
        "or \"_\", and has at most ",
        kMaxNameBytes, " characters"));
  }
  if (!IsVersion(options.version)) {
    return absl::InvalidArgumentError(
        absl::StrCat("version: \"", options.version,
                     "\" is not a version like 1.2.3 or 1.2.3-beta.1"));
  }
  if (options.license.empty() ||
      !std::all_of(options.license.begin(), options.license.end(),
                   absl::ascii_isprint)) {
    return absl::InvalidArgumentError(
        "license: must be an SPDX expression such as MIT, or UNLICENSED");
  }
  return absl::OkStatus();
}

std::string DefaultTsPackageName(absl::string_view proto_package) {
  const std::string name = absl::StrReplaceAll(
      absl::AsciiStrToLower(proto_package), {{".", "-"}, {"_", "-"}});
  return name.empty() ? "sse-client" : name + "-client";
}

std::string TsPackageJson(const TsPackageOptions& options,
                          const std::map<std::string, std::string>& files) {
  Json json = Json::object();
  json["name"] = options.name;
  json["version"] = options.version;
  json["description"] = "Typed client of an sse-bridge. Generated.";
  json["license"] = options.license;
  json["type"] = "module";
  json["sideEffects"] = false;
  Json exports = Json::object();
  exports["."] = Export("./index.d.ts", "./index.js");
  exports["./messages"] = Export("./messages.d.ts", "./messages.js");
  Json peers = Json::object();
  Json optional = Json::object();
  for (const EntryPoint& entry : kEntryPoints) {
    std::string path(entry.name);
    if (!files.contains(path + ".js")) path = absl::StrCat("runtime/", path);
    if (!files.contains(path + ".js")) continue;
    exports[absl::StrCat("./", entry.name)] = Export(
        absl::StrCat("./", path, ".d.ts"), absl::StrCat("./", path, ".js"));
    if (entry.peer.empty()) continue;
    peers[std::string(entry.peer)] = std::string(entry.peer_version);
    Json meta = Json::object();
    meta["optional"] = true;
    optional[std::string(entry.peer)] = std::move(meta);
  }
  exports["./package.json"] = "./package.json";
  json["exports"] = std::move(exports);
  json["types"] = "./index.d.ts";
  Json packed = Json::array();
  for (const auto& [path, text] : files) {
    const std::string top(path.substr(0, path.find('/')));
    if (top != "README.md" && (packed.empty() || packed.back() != top)) {
      packed.push_back(top);
    }
  }
  json["files"] = std::move(packed);
  Json engines = Json::object();
  engines["node"] = ">=18";
  json["engines"] = std::move(engines);
  if (!peers.empty()) {
    json["peerDependencies"] = std::move(peers);
    json["peerDependenciesMeta"] = std::move(optional);
  }
  return json.dump(2) + "\n";
}

}  // namespace sse_bridge
