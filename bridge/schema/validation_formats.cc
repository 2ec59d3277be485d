// Rules of strings that have a format: addresses, names, identifiers.

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/cel/net_text.h"
#include "bridge/schema/validation_rules.h"

namespace sse_bridge {

namespace {

namespace bv = ::buf::validate;
using absl::string_view;

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

}  // namespace

void AddStringFormats(const bv::StringRules& rules, RuleAdder* add) {
  AddWellKnown(*add, rules);
  AddPrefixes(*add, rules);
  AddHeader(*add, rules);
}

}  // namespace sse_bridge
