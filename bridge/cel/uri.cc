// RFC 3986. Each part is cut out by its delimiters first, and its characters
// are checked then, so that no part is read more than a few times.

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "bridge/base/utf8.h"
#include "bridge/cel/net_text.h"

namespace sse_bridge::cel {

namespace {

using absl::string_view;

constexpr string_view kUnreserved = "-._~";
// Subdelimiters, and what else a part may have.
constexpr string_view kSubDelims = "!$&'()*+,;=";
constexpr string_view kInUserinfo = "!$&'()*+,;=:";
constexpr string_view kInPath = "!$&'()*+,;=:@/";
constexpr string_view kInQuery = "!$&'()*+,;=:@/?";

bool IsIn(char c, string_view set) { return set.find(c) != string_view::npos; }

// Letters, digits, unreserved, percent-encoded, and those of `more`.
bool HasOnly(string_view text, string_view more) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3 || !absl::ascii_isxdigit(text[i + 1]) ||
          !absl::ascii_isxdigit(text[i + 2])) {
        return false;
      }
      i += 2;
    } else if (!absl::ascii_isalnum(c) && !IsIn(c, kUnreserved) &&
               !IsIn(c, more)) {
      return false;
    }
  }
  return true;
}

// What is percent-encoded in a host must be UTF-8. Requires HasOnly().
bool DecodesToUtf8(string_view text) {
  const auto digit = [](char c) {
    return absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
  };
  // Other characters are ASCII. A character of several bytes is encoded whole.
  size_t i = 0;
  while (i < text.size()) {
    if (text[i] != '%') {
      ++i;
      continue;
    }
    std::array<char, 4> bytes;
    size_t size = 0;
    size_t wanted = 1;
    for (; size < wanted; ++size, i += 3) {
      if (i >= text.size() || text[i] != '%') return false;
      bytes[size] =
          static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      const auto first = static_cast<unsigned char>(bytes[0]);
      wanted = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    }
    if (!IsUtf8(string_view(bytes.data(), size))) return false;
  }
  return true;
}

bool IsIpFuture(string_view text) {
  const size_t dot = text.find('.');
  if (text.empty() || text[0] != 'v' || dot == string_view::npos || dot < 2) {
    return false;
  }
  for (const char c : text.substr(1, dot - 1)) {
    if (!absl::ascii_isxdigit(c)) return false;
  }
  const string_view rest = text.substr(dot + 1);
  return !rest.empty() && !IsIn('%', rest) && HasOnly(rest, kInUserinfo);
}

// What is between the brackets.
bool IsIpLiteral(string_view text) {
  if (IsIpFuture(text)) return true;
  const size_t zone = text.find('%');
  // By RFC 6874 the percent sign is encoded itself.
  if (zone == string_view::npos) return IsIp(text, 6);
  return absl::StartsWith(text.substr(zone), "%25") && zone + 3 < text.size() &&
         IsIp(text.substr(0, zone), 6) && HasOnly(text.substr(zone + 3), "") &&
         DecodesToUtf8(text.substr(zone + 3));
}

bool IsAuthority(string_view text) {
  const size_t at = text.find('@');
  if (at != string_view::npos) {
    if (!HasOnly(text.substr(0, at), kInUserinfo)) {
      return false;
    }
    text.remove_prefix(at + 1);
  }
  string_view port;
  if (absl::StartsWith(text, "[")) {
    const size_t end = text.find(']');
    if (end == string_view::npos || !IsIpLiteral(text.substr(1, end - 1))) {
      return false;
    }
    port = text.substr(end + 1);
    if (!port.empty() && port[0] != ':') return false;
  } else {
    const size_t colon = text.find(':');
    const string_view host = text.substr(0, colon);
    if (!HasOnly(host, kSubDelims) || !DecodesToUtf8(host)) return false;
    if (colon != string_view::npos) port = text.substr(colon);
  }
  for (const char c : port.substr(port.empty() ? 0 : 1)) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return true;
}

// What follows the scheme, or all of a relative reference.
bool IsRest(string_view text, bool relative) {
  const size_t hash = text.find('#');
  if (hash != string_view::npos) {
    if (!HasOnly(text.substr(hash + 1), kInQuery)) return false;
    text = text.substr(0, hash);
  }
  const size_t question = text.find('?');
  if (question != string_view::npos) {
    if (!HasOnly(text.substr(question + 1), kInQuery)) return false;
    text = text.substr(0, question);
  }
  if (absl::StartsWith(text, "//")) {
    text.remove_prefix(2);
    const size_t slash = text.find('/');
    if (!IsAuthority(text.substr(0, slash))) return false;
    text = slash == string_view::npos ? "" : text.substr(slash);
  } else if (relative && text.find(':') < text.find('/')) {
    return false;  // its first segment would be a scheme
  }
  return HasOnly(text, kInPath);
}

}  // namespace

bool IsUri(string_view text) {
  const size_t colon = text.find(':');
  if (colon == string_view::npos || colon == 0) return false;
  const string_view scheme = text.substr(0, colon);
  if (!absl::ascii_isalpha(scheme[0])) return false;
  for (const char c : scheme) {
    if (!absl::ascii_isalnum(c) && !IsIn(c, "+-.")) return false;
  }
  return IsRest(text.substr(colon + 1), /*relative=*/false);
}

bool IsUriReference(string_view text) {
  return IsUri(text) || IsRest(text, /*relative=*/true);
}

}  // namespace sse_bridge::cel
