// buf.validate rules of strings and bytes in JSON Schema.

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/codegen/json_schema_rules.h"

namespace sse_bridge {

namespace {

namespace bv = ::buf::validate;
using absl::string_view;

bool IsOneOf(char c, string_view set) { return set.find(c) != set.npos; }

// Whether RE2's syntax is that of ECMA-262 with the flag `u`, in which JSON
// Schema's patterns are. Looks at each construct, and doubts what it does not
// know.
class EcmaPattern {
 public:
  explicit EcmaPattern(string_view pattern) : rest_(pattern) {}

  bool IsShared() {
    while (!rest_.empty()) {
      if (!Construct()) return false;
    }
    return true;
  }

 private:
  bool Construct() {
    const char c = rest_[0];
    if (c == '\\') return Escape(/*in_class=*/false);
    rest_.remove_prefix(1);
    if (c == '[') return Class();
    if (c == '(' && absl::ConsumePrefix(&rest_, "?")) {
      return absl::ConsumePrefix(&rest_, ":");
    }
    // Literal in RE2 if they do not belong to a repetition.
    if (c == '{') return Repetition();
    return c != '}' && c != ']';
  }

  bool Repetition() {
    const size_t end = rest_.find('}');
    if (end == rest_.npos || end == 0 || !absl::ascii_isdigit(rest_[0])) {
      return false;
    }
    const string_view inner = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return std::all_of(inner.begin(), inner.end(),
                       [](char c) { return IsOneOf(c, "0123456789,"); }) &&
           std::count(inner.begin(), inner.end(), ',') <= 1;
  }

  bool Class() {
    absl::ConsumePrefix(&rest_, "^");
    // A literal bracket in RE2.
    if (absl::StartsWith(rest_, "]")) return false;
    while (!rest_.empty()) {
      if (absl::ConsumePrefix(&rest_, "]")) return true;
      if (absl::StartsWith(rest_, "[:")) return false;
      if (rest_[0] != '\\') {
        rest_.remove_prefix(1);
        continue;
      }
      const bool set = rest_.size() > 1 && IsOneOf(rest_[1], "dDwWsS");
      if (!Escape(/*in_class=*/true)) return false;
      // Not the beginning of a range.
      if (set && absl::StartsWith(rest_, "-") &&
          !absl::StartsWith(rest_, "-]")) {
        return false;
      }
    }
    return false;
  }

  bool Escape(bool in_class) {
    if (rest_.size() < 2) return false;
    const char c = rest_[1];
    rest_.remove_prefix(2);
    if (c == 'x') {
      if (rest_.size() < 2 || !absl::ascii_isxdigit(rest_[0]) ||
          !absl::ascii_isxdigit(rest_[1])) {
        return false;
      }
      rest_.remove_prefix(2);
      return true;
    }
    return IsOneOf(c, "dDwWsSfnrtv^$\\.*+?()[]{}|/") ||
           IsOneOf(c, in_class ? "-" : "bB");
  }

  string_view rest_;
};

std::string EscapeForPattern(string_view text) {
  std::string out;
  for (char c : text) {
    if (IsOneOf(c, "\\^$.|?*+()[]{}/")) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

void AddPattern(const std::string& pattern, Json* schema) {
  if (!schema->contains("pattern")) {
    (*schema)["pattern"] = pattern;
  } else {
    AddCondition({{"pattern", pattern}}, schema);
  }
}

void AddAnyFormat(std::initializer_list<const char*> formats, Json* schema) {
  Json options = Json::array();
  for (const char* format : formats) options.push_back({{"format", format}});
  (*schema)["anyOf"] = std::move(options);
}

void AtLeast(uint64_t length, Json* schema) {
  (*schema)["minLength"] = std::max(length, schema->value("minLength", length));
}

void AtMost(uint64_t length, Json* schema) {
  (*schema)["maxLength"] = std::min(length, schema->value("maxLength", length));
}

// Formats that JSON Schema has, or that a pattern describes.
void AddFormats(const bv::StringRules& rules, RuleNames* expressed,
                Json* schema) {
  const auto format = [&](bool is_set, const char* rule, const char* name) {
    if (!is_set) return;
    (*schema)["format"] = name;
    expressed->insert(rule);
  };
  format(rules.email(), "email", "email");
  format(rules.hostname(), "hostname", "hostname");
  format(rules.ipv4(), "ipv4", "ipv4");
  format(rules.ipv6(), "ipv6", "ipv6");
  format(rules.uri(), "uri", "uri");
  format(rules.uri_ref(), "uri_ref", "uri-reference");
  format(rules.uuid(), "uuid", "uuid");
  if (rules.ip()) {
    AddAnyFormat({"ipv4", "ipv6"}, schema);
    expressed->insert("ip");
  }
  if (rules.address()) {
    AddAnyFormat({"hostname", "ipv4", "ipv6"}, schema);
    expressed->insert("address");
  }
  const auto pattern = [&](bool is_set, const char* rule, const char* text) {
    if (!is_set) return;
    AddPattern(text, schema);
    expressed->insert(rule);
  };
  pattern(rules.tuuid(), "tuuid", "^[0-9A-Fa-f]{32}$");
  pattern(rules.ulid(), "ulid", "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$");
  pattern(rules.protobuf_fqn(), "protobuf_fqn",
          "^[A-Za-z_][A-Za-z_0-9]*(\\.[A-Za-z_][A-Za-z_0-9]*)*$");
  pattern(rules.protobuf_dot_fqn(), "protobuf_dot_fqn",
          "^(\\.[A-Za-z_][A-Za-z_0-9]*)+$");
  const bool strict = !rules.has_strict() || rules.strict();
  pattern(
      rules.well_known_regex() == bv::KNOWN_REGEX_HTTP_HEADER_NAME,
      "well_known_regex",
      strict ? "^:?[0-9A-Za-z!#$%&'*+,\\-.^_|~`]+$" : "^[^\\u0000\\n\\r]+$");
  pattern(rules.well_known_regex() == bv::KNOWN_REGEX_HTTP_HEADER_VALUE,
          "well_known_regex",
          strict ? "^[^\\u0000-\\u0008\\u000A-\\u001F\\u007F]*$"
                 : "^[^\\u0000\\n\\r]*$");
}

// JSON Schema counts characters, of 1 to 4 bytes each.
void AddByteLengths(const bv::StringRules& rules, Json* schema) {
  const auto characters = [](uint64_t bytes) {
    return bytes / 4 + (bytes % 4 > 0);
  };
  if (rules.has_len_bytes()) {
    AtLeast(characters(rules.len_bytes()), schema);
    AtMost(rules.len_bytes(), schema);
  }
  if (rules.has_min_bytes()) AtLeast(characters(rules.min_bytes()), schema);
  if (rules.has_max_bytes()) AtMost(rules.max_bytes(), schema);
}

}  // namespace

RuleNames AddTextRules(const bv::StringRules& rules, Json* schema) {
  RuleNames expressed = {"const",    "in",          "not_in", "len",
                         "min_len",  "max_len",     "prefix", "suffix",
                         "contains", "not_contains"};
  const auto list = [](const auto& texts) {
    return Json(std::vector<std::string>(texts.begin(), texts.end()));
  };
  if (rules.has_const_()) {
    (*schema)["const"] = rules.const_();
  } else if (!rules.in().empty()) {
    (*schema)["enum"] = list(rules.in());
  }
  if (!rules.not_in().empty()) {
    (*schema)["not"] = {{"enum", list(rules.not_in())}};
  }
  if (rules.has_len()) {
    AtLeast(rules.len(), schema);
    AtMost(rules.len(), schema);
  }
  if (rules.has_min_len()) AtLeast(rules.min_len(), schema);
  if (rules.has_max_len()) AtMost(rules.max_len(), schema);
  AddByteLengths(rules, schema);
  if (rules.has_pattern() && EcmaPattern(rules.pattern()).IsShared()) {
    AddPattern(rules.pattern(), schema);
    expressed.insert("pattern");
  }
  if (rules.has_prefix()) {
    AddPattern(absl::StrCat("^", EscapeForPattern(rules.prefix())), schema);
  }
  if (rules.has_suffix()) {
    AddPattern(absl::StrCat(EscapeForPattern(rules.suffix()), "$"), schema);
  }
  if (rules.has_contains()) {
    AddPattern(EscapeForPattern(rules.contains()), schema);
  }
  if (rules.has_not_contains()) {
    AddCondition(
        {{"not", {{"pattern", EscapeForPattern(rules.not_contains())}}}},
        schema);
  }
  AddFormats(rules, &expressed, schema);
  return expressed;
}

// Only the length of the base64 text is limited. Requests may omit its padding,
// so that these limits are not exact.
RuleNames AddBase64Rules(const bv::BytesRules& rules, Json* schema) {
  const auto at_least = [schema](uint64_t bytes) {
    AtLeast(bytes / 3 * 4 + (bytes % 3 > 0 ? bytes % 3 + 1 : 0), schema);
  };
  const auto exactly = [&](uint64_t bytes) {
    at_least(bytes);
    AtMost((bytes / 3 + (bytes % 3 > 0)) * 4, schema);
  };
  if (rules.has_len()) exactly(rules.len());
  if (rules.has_min_len()) at_least(rules.min_len());
  if (rules.has_max_len()) {
    AtMost((rules.max_len() / 3 + (rules.max_len() % 3 > 0)) * 4, schema);
  }
  if (rules.ipv4()) exactly(4);
  if (rules.ipv6() || rules.uuid()) exactly(16);
  RuleNames expressed;
  if (rules.min_len() == 1) expressed.insert("min_len");
  return expressed;
}

}  // namespace sse_bridge
