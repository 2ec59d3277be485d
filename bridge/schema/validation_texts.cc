// Rules of strings and bytes.

#include <algorithm>
#include <memory>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/cel/net_text.h"
#include "bridge/cel/utf8.h"
#include "bridge/schema/validation_range.h"
#include "bridge/schema/validation_rules.h"
#include "re2/re2.h"

namespace sse_bridge {

namespace {

namespace bv = ::buf::validate;
using absl::string_view;
using TextSet = absl::flat_hash_set<std::string>;

// For one compiled pattern and its automata, in bytes.
constexpr int64_t kMaxPatternMemory = 2 << 20;

absl::StatusOr<std::shared_ptr<const RE2>> CompileRegex(string_view pattern) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kMaxPatternMemory);
  auto regex = std::make_shared<const RE2>(
      re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the pattern \"", absl::Utf8SafeCEscape(pattern),
                     "\" is not a regular expression: ", regex->error()));
  }
  return regex;
}

bool Finds(const RE2& regex, string_view text) {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

uint64_t CodePoints(string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

bool IsHex(string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

bool IsUuid(string_view s) {
  return s.size() == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' &&
         s[23] == '-' && IsHex(s.substr(0, 8)) && IsHex(s.substr(9, 4)) &&
         IsHex(s.substr(14, 4)) && IsHex(s.substr(19, 4)) &&
         IsHex(s.substr(24));
}

bool IsTrimmedUuid(string_view s) { return s.size() == 32 && IsHex(s); }

bool IsUlid(string_view s) {
  if (s.size() != 26 || s[0] < '0' || s[0] > '7') return false;
  return std::all_of(s.begin(), s.end(), [](char c) {
    return absl::ascii_isalnum(c) &&
           string_view("ILOUilou").find(c) == string_view::npos;
  });
}

// Names separated by dots.
bool IsProtobufName(string_view s) {
  bool first = true;
  for (const char c : s) {
    if (c == '.' && !first) {
      first = true;
      continue;
    }
    if (!(absl::ascii_isalpha(c) || c == '_' ||
          (!first && absl::ascii_isdigit(c)))) {
      return false;
    }
    first = false;
  }
  return !first;
}

bool IsDottedProtobufName(string_view s) {
  return absl::StartsWith(s, ".") && IsProtobufName(s.substr(1));
}

// Of HTTP, RFC 9110 5.1; with a colon as in HTTP/2's pseudo-headers.
bool IsHeaderName(string_view s) {
  if (absl::StartsWith(s, ":")) s.remove_prefix(1);
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
    return absl::ascii_isalnum(c) ||
           // protovalidate's "+-." is a range, which has the comma too.
           string_view("!#$%&'*+,-.^_|~`").find(c) != string_view::npos;
  });
}

bool IsHeaderValue(string_view s) {
  return std::none_of(s.begin(), s.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && u != '\t') || u == 0x7F;
  });
}

// Neither NUL nor the end of a line.
bool IsLooseHeaderText(string_view s) {
  return s.find_first_of(string_view("\0\n\r", 3)) == string_view::npos;
}

// A format whose rule has an ID of its own for the empty text.
void AddFormat(RuleAdder& add, string_view field, string_view id,
               const std::string& what, bool (*accepts)(string_view),
               const std::string& what_empty = "") {
  add.Add(field, id, absl::StrCat("must be ", what),
          [accepts](const Subject& s, Report&) {
            return s.scalar.s.empty() || accepts(s.scalar.s);
          });
  add.Add(field, absl::StrCat(id, "_empty"),
          absl::StrCat("value is empty, which is not ",
                       what_empty.empty() ? what : what_empty),
          [](const Subject& s, Report&) { return !s.scalar.s.empty(); });
}

void AddHeader(RuleAdder& add, const bv::StringRules& r) {
  const bool strict = !r.has_strict() || r.strict();
  if (r.well_known_regex() == bv::KNOWN_REGEX_HTTP_HEADER_NAME) {
    AddFormat(add, "well_known_regex", "well_known_regex.header_name",
              "a valid HTTP header name",
              strict ? IsHeaderName : IsLooseHeaderText);
  } else if (r.well_known_regex() == bv::KNOWN_REGEX_HTTP_HEADER_VALUE) {
    add.Add("well_known_regex", "well_known_regex.header_value",
            "must be a valid HTTP header value",
            [strict](const Subject& s, Report&) {
              return strict ? IsHeaderValue(s.scalar.s)
                            : IsLooseHeaderText(s.scalar.s);
            });
  }
}

void AddWellKnown(RuleAdder& add, const bv::StringRules& r) {
  if (r.email()) {
    AddFormat(add, "email", "email", "a valid email address", cel::IsEmail);
  }
  if (r.hostname()) {
    AddFormat(add, "hostname", "hostname", "a valid hostname", cel::IsHostname);
  }
  if (r.ip()) {
    AddFormat(add, "ip", "ip", "a valid IP address",
              [](string_view s) { return cel::IsIp(s, 0); });
  }
  if (r.ipv4()) {
    AddFormat(add, "ipv4", "ipv4", "a valid IPv4 address",
              [](string_view s) { return cel::IsIp(s, 4); });
  }
  if (r.ipv6()) {
    AddFormat(add, "ipv6", "ipv6", "a valid IPv6 address",
              [](string_view s) { return cel::IsIp(s, 6); });
  }
  if (r.uri()) AddFormat(add, "uri", "uri", "a valid URI", cel::IsUri);
  if (r.uri_ref()) {
    add.Add("uri_ref", "uri_ref", "must be a valid URI Reference",
            [](const Subject& s, Report&) {
              return cel::IsUriReference(s.scalar.s);
            });
  }
  if (r.address()) {
    AddFormat(
        add, "address", "address", "a valid hostname, or ip address",
        [](string_view s) { return cel::IsHostname(s) || cel::IsIp(s, 0); });
  }
  if (r.uuid()) AddFormat(add, "uuid", "uuid", "a valid UUID", IsUuid);
  if (r.tuuid()) {
    AddFormat(add, "tuuid", "tuuid", "a valid trimmed UUID", IsTrimmedUuid);
  }
  if (r.ulid()) AddFormat(add, "ulid", "ulid", "a valid ULID", IsUlid);
  if (r.host_and_port()) {
    AddFormat(
        add, "host_and_port", "host_and_port",
        "a valid host (hostname or IP address) and port pair",
        [](string_view s) { return cel::IsHostAndPort(s, true); },
        "a valid host and port pair");
  }
  if (r.protobuf_fqn()) {
    AddFormat(add, "protobuf_fqn", "protobuf_fqn",
              "a valid fully-qualified Protobuf name", IsProtobufName);
  }
  if (r.protobuf_dot_fqn()) {
    AddFormat(add, "protobuf_dot_fqn", "protobuf_dot_fqn",
              "a valid fully-qualified Protobuf name with a leading dot",
              IsDottedProtobufName);
  }
}

void AddPrefixes(RuleAdder& add, const bv::StringRules& r) {
  if (r.ip_with_prefixlen()) {
    AddFormat(add, "ip_with_prefixlen", "ip_with_prefixlen",
              "a valid IP prefix",
              [](string_view s) { return cel::IsIpPrefix(s, 0, false); });
  }
  if (r.ipv4_with_prefixlen()) {
    AddFormat(add, "ipv4_with_prefixlen", "ipv4_with_prefixlen",
              "a valid IPv4 address with prefix length",
              [](string_view s) { return cel::IsIpPrefix(s, 4, false); });
  }
  if (r.ipv6_with_prefixlen()) {
    AddFormat(add, "ipv6_with_prefixlen", "ipv6_with_prefixlen",
              "a valid IPv6 address with prefix length",
              [](string_view s) { return cel::IsIpPrefix(s, 6, false); });
  }
  if (r.ip_prefix()) {
    AddFormat(add, "ip_prefix", "ip_prefix", "a valid IP prefix",
              [](string_view s) { return cel::IsIpPrefix(s, 0, true); });
  }
  if (r.ipv4_prefix()) {
    AddFormat(add, "ipv4_prefix", "ipv4_prefix", "a valid IPv4 prefix",
              [](string_view s) { return cel::IsIpPrefix(s, 4, true); });
  }
  if (r.ipv6_prefix()) {
    AddFormat(add, "ipv6_prefix", "ipv6_prefix", "a valid IPv6 prefix",
              [](string_view s) { return cel::IsIpPrefix(s, 6, true); });
  }
}

// How long a text or bytes may be.
template <typename Size>
void AddSize(RuleAdder& add, const char* suffix, string_view unit, bool has_len,
             uint64_t len, bool has_min, uint64_t min, bool has_max,
             uint64_t max, Size size) {
  const std::string exact =
      suffix == string_view("len") ? "len" : absl::StrCat("len_", suffix);
  if (has_len) {
    add.Add(exact, exact, absl::StrCat("must be ", len, " ", unit),
            [len, size](const Subject& s, Report&) {
              return size(s.scalar.s) == len;
            });
  }
  if (has_min) {
    const std::string field = absl::StrCat("min_", suffix);
    add.Add(field, field, absl::StrCat("must be at least ", min, " ", unit),
            [min, size](const Subject& s, Report&) {
              return size(s.scalar.s) >= min;
            });
  }
  if (has_max) {
    const std::string field = absl::StrCat("max_", suffix);
    add.Add(field, field, absl::StrCat("must be at most ", max, " ", unit),
            [max, size](const Subject& s, Report&) {
              return size(s.scalar.s) <= max;
            });
  }
}

template <typename R, typename Text>
void AddTextLists(RuleAdder& add, const R& r, Text text) {
  if (!r.in().empty()) {
    add.Add(
        "in", "in", absl::StrCat("must be in list ", ListText(r.in(), text)),
        [set = TextSet(r.in().begin(), r.in().end())](
            const Subject& s, Report&) { return set.contains(s.scalar.s); });
  }
  if (!r.not_in().empty()) {
    add.Add(
        "not_in", "not_in",
        absl::StrCat("must not be in list ", ListText(r.not_in(), text)),
        [set = TextSet(r.not_in().begin(), r.not_in().end())](
            const Subject& s, Report&) { return !set.contains(s.scalar.s); });
  }
}

// `shown` is how messages show a text.
template <typename R, typename Shown>
void AddParts(RuleAdder& add, const R& r, string_view substring, Shown shown) {
  if (r.has_prefix()) {
    add.Add("prefix", "prefix",
            absl::StrCat("does not have prefix ", shown(r.prefix())),
            [x = r.prefix()](const Subject& s, Report&) {
              return absl::StartsWith(s.scalar.s, x);
            });
  }
  if (r.has_suffix()) {
    add.Add("suffix", "suffix",
            absl::StrCat("does not have suffix ", shown(r.suffix())),
            [x = r.suffix()](const Subject& s, Report&) {
              return absl::EndsWith(s.scalar.s, x);
            });
  }
  if (r.has_contains()) {
    add.Add("contains", "contains",
            absl::StrCat("does not contain ", substring, shown(r.contains())),
            [x = r.contains()](const Subject& s, Report&) {
              return absl::StrContains(s.scalar.s, x);
            });
  }
}

// Bytes that are not UTF-8 would not be in a JSON response.
std::string BytesText(const std::string& bytes) {
  return cel::IsUtf8(bytes) ? bytes : absl::CHexEscape(bytes);
}

// bytes.pattern, which is only for bytes that are UTF-8.
class BytesPatternRule : public Rule {
 public:
  BytesPatternRule(Breach breach, std::shared_ptr<const RE2> regex)
      : breach_(std::move(breach)), regex_(std::move(regex)) {}

  void Check(const Subject& subject, Report& report) const override {
    if (!cel::IsUtf8(subject.scalar.s)) {
      report.Fail(absl::InvalidArgumentError(
          "the value must be valid UTF-8 to apply a pattern"));
    } else if (!Finds(*regex_, subject.scalar.s)) {
      report.Add(breach_);
    }
  }

 private:
  const Breach breach_;
  const std::shared_ptr<const RE2> regex_;
};

// Addresses as bytes: of 4 bytes, of 16, or either.
void AddBytesFormat(RuleAdder& add, string_view field, const std::string& what,
                    size_t size, size_t other) {
  add.Add(field, field, absl::StrCat("must be ", what),
          [size, other](const Subject& s, Report&) {
            const size_t n = s.scalar.s.size();
            return n == 0 || n == size || n == other;
          });
  add.Add(field, absl::StrCat(field, "_empty"),
          absl::StrCat("value is empty, which is not ", what),
          [](const Subject& s, Report&) { return !s.scalar.s.empty(); });
}

}  // namespace

absl::Status AddStringRules(const bv::StringRules& r, string_view path,
                            Rules* out) {
  RuleAdder add("string", absl::StrCat(path, "string"), out);
  const auto quoted = [](string_view s) { return absl::StrCat("`", s, "`"); };
  if (r.has_const_()) {
    add.Add("const", "const", absl::StrCat("must equal ", quoted(r.const_())),
            [x = r.const_()](const Subject& s, Report&) {
              return s.scalar.s == x;
            });
  }
  AddSize(add, "len", "characters", r.has_len(), r.len(), r.has_min_len(),
          r.min_len(), r.has_max_len(), r.max_len(), CodePoints);
  AddSize(add, "bytes", "bytes", r.has_len_bytes(), r.len_bytes(),
          r.has_min_bytes(), r.min_bytes(), r.has_max_bytes(), r.max_bytes(),
          [](string_view s) { return s.size(); });
  if (r.has_pattern()) {
    auto regex = CompileRegex(r.pattern());
    if (!regex.ok()) return regex.status();
    add.Add("pattern", "pattern",
            absl::StrCat("does not match regex pattern ", quoted(r.pattern())),
            [regex = *std::move(regex)](const Subject& s, Report&) {
              return Finds(*regex, s.scalar.s);
            });
  }
  AddParts(add, r, "substring ", quoted);
  if (r.has_not_contains()) {
    add.Add("not_contains", "not_contains",
            absl::StrCat("contains substring ", quoted(r.not_contains())),
            [x = r.not_contains()](const Subject& s, Report&) {
              return !absl::StrContains(s.scalar.s, x);
            });
  }
  AddTextLists(add, r, [](const std::string& s) { return s; });
  AddWellKnown(add, r);
  AddPrefixes(add, r);
  AddHeader(add, r);
  return absl::OkStatus();
}

absl::Status AddBytesRules(const bv::BytesRules& r, string_view path,
                           Rules* out) {
  const std::string own = absl::StrCat(path, "bytes");
  RuleAdder add("bytes", own, out);
  const auto hex = [](string_view s) { return absl::BytesToHexString(s); };
  if (r.has_const_()) {
    add.Add("const", "const", absl::StrCat("must be ", hex(r.const_())),
            [x = r.const_()](const Subject& s, Report&) {
              return s.scalar.s == x;
            });
  }
  AddSize(add, "len", "bytes", r.has_len(), r.len(), r.has_min_len(),
          r.min_len(), r.has_max_len(), r.max_len(),
          [](string_view s) { return s.size(); });
  if (r.has_pattern()) {
    auto regex = CompileRegex(r.pattern());
    if (!regex.ok()) return regex.status();
    out->push_back(std::make_unique<BytesPatternRule>(
        Breach{"bytes.pattern", absl::StrCat(own, ".pattern"),
               absl::StrCat("must match regex pattern `", r.pattern(), "`")},
        *std::move(regex)));
  }
  AddParts(add, r, "", hex);
  AddTextLists(add, r, BytesText);
  if (r.ip()) AddBytesFormat(add, "ip", "a valid IP address", 4, 16);
  if (r.ipv4()) AddBytesFormat(add, "ipv4", "a valid IPv4 address", 4, 4);
  if (r.ipv6()) AddBytesFormat(add, "ipv6", "a valid IPv6 address", 16, 16);
  if (r.uuid()) AddBytesFormat(add, "uuid", "a valid UUID", 16, 16);
  return absl::OkStatus();
}

}  // namespace sse_bridge
