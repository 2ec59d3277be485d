#include "bridge/schema/service_config.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/utf8.h"
#include "bridge/base/yaml_document.h"
#include "bridge/schema/access_options.h"
#include "bridge/schema/yaml_message.h"

namespace sse_bridge {

namespace {

constexpr char kServiceType[] = "google.api.Service";

// Other fields of google.api.Service. They describe the API to Google's own
// infrastructure, and nothing is lost without them.
constexpr absl::string_view kIgnoredKeys[] = {"apis",
                                              "backend",
                                              "billing",
                                              "client_libraries",
                                              "config_version",
                                              "configVersion",
                                              "control",
                                              "custom_error",
                                              "customError",
                                              "documentation",
                                              "endpoints",
                                              "enums",
                                              "id",
                                              "logging",
                                              "logs",
                                              "metrics",
                                              "monitored_resources",
                                              "monitoredResources",
                                              "monitoring",
                                              "name",
                                              "producer_project_id",
                                              "producerProjectId",
                                              "publishing",
                                              "source_info",
                                              "sourceInfo",
                                              "system_parameters",
                                              "systemParameters",
                                              "system_types",
                                              "systemTypes",
                                              "title",
                                              "types"};

// Fields that restrict who may call, or how often.
constexpr absl::string_view kProtectingKeys[] = {"authentication", "context",
                                                 "quota", "usage"};

// Maximum length of a selector that an error quotes. It may be a long list.
constexpr size_t kMaxSelectorShown = 200;

// Returns the selector of a rule for errors, or the rule's index (from 0) if it
// has none.
std::string NameOfRule(const YAML::Node& rule, size_t index) {
  if (rule.IsMap()) {
    for (const auto& entry : rule) {
      if (!entry.first.IsScalar() || entry.first.Scalar() != "selector") {
        continue;
      }
      if (!entry.second.IsScalar() || entry.second.Scalar().empty()) break;
      const std::string& text = entry.second.Scalar();
      const absl::string_view shown = CutText(text, kMaxSelectorShown);
      return absl::StrCat(absl::Utf8SafeCHexEscape(shown),
                          shown.size() < text.size() ? "..." : "");
    }
  }
  return absl::StrCat(index);
}

// Returns why a name of a selector is malformed, or "".
std::string WhyMalformed(absl::string_view name) {
  if (name.empty()) return "a name is empty";
  if (name == "*") return "";
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == "*" && i + 1 == parts.size()) continue;
    if (absl::StrContains(parts[i], "*")) {
      return "* must be the whole last component, as in my.pkg.*";
    }
    const bool fine = !parts[i].empty() && absl::c_all_of(parts[i], [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
    });
    if (!fine) {
      return absl::StrCat("\"", absl::CHexEscape(CutText(name, kMaxNameShown)),
                          "\" is not the full name of a method, as in "
                          "my.pkg.Service.Method");
    }
  }
  return "";
}

}  // namespace

// Reads one file.
class ServiceConfigReader {
 public:
  ServiceConfigReader(absl::string_view name, ServiceConfig* config)
      : name_(name), config_(config) {}

  absl::Status Read(const YAML::Node& root) {
    if (!root.IsMap()) {
      return Error(root, "",
                   absl::StrCat("must be a mapping, not ", YamlKind(root)));
    }
    YAML::Node http(YAML::NodeType::Undefined);
    YAML::Node sse(YAML::NodeType::Undefined);
    absl::flat_hash_set<std::string> seen;
    for (const auto& entry : root) {
      const YAML::Node& key = entry.first;
      const YAML::Node& value = entry.second;
      if (!key.IsScalar()) {
        return Error(key, "", "a key must be a name");
      }
      const std::string& word = key.Scalar();
      const std::string shown(CutText(word, kMaxNameShown));
      if (!seen.insert(word).second) return Error(key, shown, "is set twice");
      if (word == "http") {
        http.reset(value);
      } else if (word == "sse") {
        sse.reset(value);
      } else if (word == "type") {
        if (!value.IsScalar() || value.Scalar() != kServiceType) {
          return Error(key, word, absl::StrCat("must be ", kServiceType));
        }
      } else if (absl::c_linear_search(kProtectingKeys, word)) {
        config_->warnings_.push_back(
            absl::StrCat(Line(key), ": the bridge does not enforce \"", word,
                         "\"; state who may call a method by access in sse"));
      } else if (!absl::c_linear_search(kIgnoredKeys, word)) {
        return Error(key, shown,
                     "is not part of google.api.Service; sse-bridge's own "
                     "options are below sse");
      }
    }
    if (absl::Status s = ReadPart(http, "http"); !s.ok()) return s;
    return ReadPart(sse, "sse");
  }

 private:
  absl::Status Error(const YAML::Node& node, absl::string_view path,
                     absl::string_view reason) const {
    return absl::InvalidArgumentError(
        absl::StrCat(YamlPosition(name_, node.Mark()), ": ", path,
                     path.empty() ? "" : ": ", reason));
  }

  std::string Line(const YAML::Node& node) const {
    return absl::StrCat(name_, ":", node.Mark().line + 1);
  }

  // `part`: the value of `http` or `sse`, if there is one.
  absl::Status ReadPart(const YAML::Node& part, absl::string_view key) {
    if (!part.IsDefined() || part.IsNull()) return absl::OkStatus();
    if (!part.IsMap()) {
      return Error(part, key,
                   absl::StrCat("must be a mapping, not ", YamlKind(part)));
    }
    bool had_rules = false;
    for (const auto& entry : part) {
      const std::string& word = entry.first.Scalar();
      const std::string path =
          absl::StrCat(key, ".", CutText(word, kMaxNameShown));
      if (key == "http" && (word == "fully_decode_reserved_expansion" ||
                            word == "fullyDecodeReservedExpansion")) {
        if (entry.second.IsScalar() && entry.second.Scalar() == "false") {
          continue;
        }
        config_->warnings_.push_back(
            absl::StrCat(Line(entry.first), ": ", path, " has no effect"));
        continue;
      }
      if (word != "rules") return Error(entry.first, path, "is unknown");
      if (std::exchange(had_rules, true)) {
        return Error(entry.first, path, "is set twice");
      }
      if (entry.second.IsNull()) continue;
      if (!entry.second.IsSequence()) {
        return Error(
            entry.second, path,
            absl::StrCat("must be a list, not ", YamlKind(entry.second)));
      }
      size_t index = 0;
      for (const YAML::Node& node : entry.second) {
        ServiceConfig::Rule rule;
        rule.where = Line(node);
        rule.path = absl::StrCat(path, "[", NameOfRule(node, index++), "]");
        const absl::Status s = key == "http" ? ReadHttpRule(node, &rule)
                                             : ReadSseRule(node, &rule);
        if (!s.ok()) return s;
        config_->rules_.push_back(std::move(rule));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadSelector(const YAML::Node& node, const std::string& text,
                            ServiceConfig::Rule* rule) const {
    rule->selector = text;
    if (text.empty()) {
      return Error(node, rule->path, "the rule has no selector");
    }
    for (absl::string_view name : absl::StrSplit(text, ',')) {
      name = absl::StripAsciiWhitespace(name);
      if (const std::string why = WhyMalformed(name); !why.empty()) {
        return Error(node, absl::StrCat(rule->path, ".selector"), why);
      }
      rule->patterns.emplace_back(name);
    }
    return absl::OkStatus();
  }

  absl::Status ReadHttpRule(const YAML::Node& node, ServiceConfig::Rule* rule) {
    google::api::HttpRule http;
    if (absl::Status s = ReadYamlMessage(name_, node, rule->path, &http);
        !s.ok()) {
      return s;
    }
    if (absl::Status s = ReadSelector(node, http.selector(), rule); !s.ok()) {
      return s;
    }
    if (http.pattern_case() == google::api::HttpRule::PATTERN_NOT_SET) {
      return Error(node, rule->path,
                   "the rule has no pattern (get, post, ...)");
    }
    // A selector in a method's own option must be that method.
    http.clear_selector();
    rule->http = std::move(http);
    return absl::OkStatus();
  }

  absl::Status ReadSseRule(const YAML::Node& node, ServiceConfig::Rule* rule) {
    if (!node.IsMap()) {
      return Error(node, rule->path,
                   absl::StrCat("must be a mapping, not ", YamlKind(node)));
    }
    std::string selector;
    absl::flat_hash_set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return Error(entry.first, rule->path, "a key must be a name");
      }
      const std::string& key = entry.first.Scalar();
      const std::string path =
          absl::StrCat(rule->path, ".", CutText(key, kMaxNameShown));
      if (!seen.insert(key).second) {
        return Error(entry.first, path, "is set twice");
      }
      if (entry.second.IsNull()) {
        return Error(entry.first, path, "has no value");
      }
      absl::Status s;
      if (key == "selector") {
        if (!entry.second.IsScalar()) {
          return Error(entry.second, path, "must be a single value");
        }
        selector = entry.second.Scalar();
      } else if (key == "stream") {
        s = ReadYamlMessage(name_, entry.second, path, &rule->stream.emplace());
      } else if (key == "access") {
        s = ReadYamlMessage(name_, entry.second, path, &rule->access.emplace());
        if (s.ok() && !NamesAnybody(*rule->access)) {
          s = Error(entry.first, path, "it sets no condition");
        }
      } else if (key == "json") {
        s = ReadYamlMessage(name_, entry.second, path, &rule->json.emplace());
      } else {
        s = Error(entry.first, path,
                  "is unknown; there are: selector, stream, access, json");
      }
      if (!s.ok()) return s;
    }
    if (absl::Status s = ReadSelector(node, selector, rule); !s.ok()) return s;
    if (!rule->stream.has_value() && !rule->access.has_value() &&
        !rule->json.has_value()) {
      return Error(node, rule->path, "the rule sets nothing");
    }
    return absl::OkStatus();
  }

  const absl::string_view name_;
  ServiceConfig* const config_;
};

absl::StatusOr<std::shared_ptr<const ServiceConfig>> ServiceConfig::Parse(
    absl::string_view name, absl::string_view text) {
  const std::shared_ptr<ServiceConfig> config(new ServiceConfig);
  absl::Status status =
      ReadYaml(name, text, kMaxServiceConfigBytes, [&](const YAML::Node& root) {
        return ServiceConfigReader(name, config.get()).Read(root);
      });
  if (!status.ok()) return status;
  return config;
}

}  // namespace sse_bridge
