#include "bridge/cel/net_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace sse_bridge::cel {

namespace {

using absl::string_view;

// A decimal number without leading zeros, at most `max`.
std::optional<int> Decimal(string_view text, int max) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  int number = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  if (number > max) return std::nullopt;
  return number;
}

using Ipv6Groups = std::array<uint16_t, 8>;

std::optional<uint32_t> ParseIpv4(string_view text) {
  if (text.size() > 15) return std::nullopt;
  const std::vector<string_view> parts = absl::StrSplit(text, '.');
  if (parts.size() != 4) return std::nullopt;
  uint32_t bits = 0;
  for (const string_view part : parts) {
    const std::optional<int> octet = Decimal(part, 255);
    if (!octet.has_value()) return std::nullopt;
    bits = bits << 8 | static_cast<uint32_t>(*octet);
  }
  return bits;
}

// Groups between colons; the last may be an IPv4 address, if `v4` is set.
bool ParseGroups(string_view text, bool v4, std::vector<uint16_t>* groups) {
  if (text.empty()) return true;
  const std::vector<string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() > 8) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    const string_view part = parts[i];
    if (v4 && i + 1 == parts.size() && absl::StrContains(part, '.')) {
      const std::optional<uint32_t> bits = ParseIpv4(part);
      if (!bits.has_value()) return false;
      groups->push_back(static_cast<uint16_t>(*bits >> 16));
      groups->push_back(static_cast<uint16_t>(*bits & 0xFFFF));
      return true;
    }
    if (part.empty() || part.size() > 4) return false;
    uint16_t group = 0;
    for (const char c : part) {
      if (!absl::ascii_isxdigit(c)) return false;
      const int digit =
          absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
      group = static_cast<uint16_t>(group << 4 | digit);
    }
    groups->push_back(group);
  }
  return true;
}

// Without a zone.
std::optional<Ipv6Groups> ParseIpv6(string_view text) {
  if (text.size() > 45) return std::nullopt;
  std::vector<uint16_t> head;
  std::vector<uint16_t> tail;
  const size_t gap = text.find("::");
  if (gap == string_view::npos) {
    if (!ParseGroups(text, true, &head) || head.size() != 8) {
      return std::nullopt;
    }
  } else {
    // "::" stands for one group of zeros or more.
    if (!ParseGroups(text.substr(0, gap), false, &head) ||
        !ParseGroups(text.substr(gap + 2), true, &tail) ||
        head.size() + tail.size() > 7) {
      return std::nullopt;
    }
  }
  Ipv6Groups groups{};
  std::copy(head.begin(), head.end(), groups.begin());
  std::copy(tail.rbegin(), tail.rend(), groups.rbegin());
  return groups;
}

bool IsIpv6(string_view text) {
  const size_t zone = text.find('%');
  if (zone == string_view::npos) return ParseIpv6(text).has_value();
  return zone + 1 < text.size() && ParseIpv6(text.substr(0, zone)).has_value();
}

bool IsIpv4Prefix(string_view text, bool strict) {
  const size_t slash = text.find('/');
  if (slash == string_view::npos) return false;
  const std::optional<uint32_t> bits = ParseIpv4(text.substr(0, slash));
  const std::optional<int> length = Decimal(text.substr(slash + 1), 32);
  if (!bits.has_value() || !length.has_value()) return false;
  const uint64_t host = (uint64_t{1} << (32 - *length)) - 1;
  return !strict || (*bits & host) == 0;
}

bool IsIpv6Prefix(string_view text, bool strict) {
  const size_t slash = text.find('/');
  if (slash == string_view::npos) return false;
  const std::optional<Ipv6Groups> groups = ParseIpv6(text.substr(0, slash));
  const std::optional<int> length = Decimal(text.substr(slash + 1), 128);
  if (!groups.has_value() || !length.has_value()) return false;
  if (!strict) return true;
  for (int bit = *length; bit < 128; ++bit) {
    if ((*groups)[bit / 16] >> (15 - bit % 16) & 1) return false;
  }
  return true;
}

bool IsPort(string_view text) { return Decimal(text, 65535).has_value(); }

bool IsEmailLabel(string_view label) {
  if (label.empty() || label.size() > 63) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  for (const char c : label) {
    if (!absl::ascii_isalnum(c) && c != '-') return false;
  }
  return true;
}

}  // namespace

bool IsIp(string_view text, int64_t version) {
  if (version == 4) return ParseIpv4(text).has_value();
  if (version == 6) return IsIpv6(text);
  return version == 0 && (ParseIpv4(text).has_value() || IsIpv6(text));
}

bool IsIpPrefix(string_view text, int64_t version, bool strict) {
  if (version == 4) return IsIpv4Prefix(text, strict);
  if (version == 6) return IsIpv6Prefix(text, strict);
  return version == 0 &&
         (IsIpv4Prefix(text, strict) || IsIpv6Prefix(text, strict));
}

bool IsHostname(string_view text) {
  if (text.size() > 253) return false;
  if (absl::EndsWith(text, ".")) text.remove_suffix(1);
  bool digits = false;
  for (const string_view label : absl::StrSplit(text, '.')) {
    if (!IsEmailLabel(label)) return false;
    digits = label.find_first_not_of("0123456789") == string_view::npos;
  }
  return !digits;
}

bool IsHostAndPort(string_view text, bool port_required) {
  if (text.empty()) return false;
  const size_t colon = text.rfind(':');
  if (text[0] == '[') {
    const size_t end = text.rfind(']');
    if (end == string_view::npos) return false;
    if (!IsIpv6(text.substr(1, end - 1))) return false;
    if (end + 1 == text.size()) return !port_required;
    return end + 1 == colon && IsPort(text.substr(colon + 1));
  }
  const string_view host = text.substr(0, colon);
  if (!IsHostname(host) && !IsIp(host, 4)) return false;
  return colon == string_view::npos ? !port_required
                                    : IsPort(text.substr(colon + 1));
}

bool IsEmail(string_view text) {
  const size_t at = text.find('@');
  if (at == string_view::npos || at == 0) return false;
  for (const char c : text.substr(0, at)) {
    if (!absl::ascii_isalnum(c) &&
        string_view(".!#$%&'*+/=?^_`{|}~-").find(c) == string_view::npos) {
      return false;
    }
  }
  for (const string_view label : absl::StrSplit(text.substr(at + 1), '.')) {
    if (!IsEmailLabel(label)) return false;
  }
  return true;
}

}  // namespace sse_bridge::cel
