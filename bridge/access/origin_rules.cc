#include "bridge/access/origin_rules.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxHostBytes = 255;

struct Authority {
  absl::string_view host;  // an IPv6 address keeps its brackets
  absl::string_view port;
};

bool IsHost(absl::string_view host) {
  if (host.empty() || host.size() > kMaxHostBytes) return false;
  if (host.front() == '[') {
    return host.size() > 2 && host.back() == ']' &&
           std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
             return absl::ascii_isxdigit(static_cast<unsigned char>(c)) ||
                    c == ':' || c == '.';
           });
  }
  return host.front() != '.' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '-' || c == '.' || c == '_';
         });
}

std::optional<Authority> SplitAuthority(absl::string_view text) {
  Authority authority;
  const size_t bracket = text.rfind(']');
  const size_t colon =
      text.find(':', bracket == absl::string_view::npos ? 0 : bracket);
  authority.host = text.substr(0, colon);
  if (colon != absl::string_view::npos) {
    authority.port = text.substr(colon + 1);
    if (authority.port.empty() || authority.port.size() > 5 ||
        !std::all_of(authority.port.begin(), authority.port.end(),
                     absl::ascii_isdigit)) {
      return std::nullopt;
    }
  }
  if (!IsHost(authority.host)) return std::nullopt;
  return authority;
}

bool HostMatches(absl::string_view host, absl::string_view pattern) {
  if (!absl::StartsWith(pattern, ".")) {
    return absl::EqualsIgnoreCase(host, pattern);
  }
  return host.size() > pattern.size() &&
         absl::EndsWithIgnoreCase(host, pattern);
}

// "*.example.com" becomes ".example.com".
std::optional<std::string> ParseHostPattern(absl::string_view text) {
  const bool below = absl::ConsumePrefix(&text, "*.");
  if (!IsHost(text)) return std::nullopt;
  // No browser produces such a name.
  if (text.back() == '.' || absl::StrContains(text, "..")) return std::nullopt;
  // Subdomains of a country or top-level domain belong to anybody.
  if (below && !absl::StrContains(text, '.') && text != "localhost") {
    return std::nullopt;
  }
  return absl::AsciiStrToLower(absl::StrCat(below ? "." : "", text));
}

bool IsWeb(absl::string_view scheme) {
  return scheme == "https" || scheme == "http";
}

// Other schemes have no default port.
absl::string_view DefaultPort(absl::string_view scheme) {
  if (!IsWeb(scheme)) return "";
  return scheme == "https" ? "443" : "80";
}

// Splits an origin into scheme ("https") and rest; returns nullopt if it is not
// an origin ("null" among others). Schemes are in lower case, as browsers send
// them (RFC 3986, 3.1).
std::optional<absl::string_view> TakeScheme(absl::string_view* origin) {
  const size_t end = origin->find("://");
  if (end == absl::string_view::npos || end == 0) return std::nullopt;
  const absl::string_view scheme = origin->substr(0, end);
  if (!absl::ascii_islower(static_cast<unsigned char>(scheme[0])) ||
      !std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return absl::ascii_islower(static_cast<unsigned char>(c)) ||
               absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '+' ||
               c == '-' || c == '.';
      })) {
    return std::nullopt;
  }
  origin->remove_prefix(end + 3);
  return scheme;
}

// Schemes that no page has, or whose pages have an opaque origin.
constexpr absl::string_view kNoOrigins[] = {"file", "data", "blob", "ftp",
                                            "ws",   "wss",  "about"};

// Also rejects a misspelled one ("htps").
bool IsSchemeOfPages(absl::string_view scheme) {
  if (absl::StartsWith(scheme, "ht")) return IsWeb(scheme);
  return std::find(std::begin(kNoOrigins), std::end(kNoOrigins), scheme) ==
         std::end(kNoOrigins);
}

}  // namespace

absl::StatusOr<OriginRules> OriginRules::Create(
    const std::vector<std::string>& origins,
    const std::vector<std::string>& hosts) {
  OriginRules rules;
  for (const std::string& text : origins) {
    if (text == "*") {
      rules.any_ = true;
      continue;
    }
    if (text == kNullOrigin) {
      rules.null_ = true;
      continue;
    }
    absl::string_view rest = text;
    auto scheme = TakeScheme(&rest);
    if (scheme && !IsSchemeOfPages(*scheme)) scheme = std::nullopt;
    // The pattern's star is not a host character.
    const bool below = absl::StartsWith(rest, "*.");
    const auto authority = SplitAuthority(below ? rest.substr(2) : rest);
    const auto host =
        authority
            ? ParseHostPattern(absl::StrCat(below ? "*." : "", authority->host))
            : std::nullopt;
    // Only web origins can be subdomains.
    if (!scheme || !host || (below && !IsWeb(*scheme))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", absl::CHexEscape(text),
          "' is no origin: expected https://HOST, https://HOST:PORT, "
          "https://*.DOMAIN, an app's (capacitor://localhost, "
          "chrome-extension://ID), null or *"));
    }
    const bool default_port = authority->port == DefaultPort(*scheme);
    rules.origins_.push_back(
        {std::string(*scheme), *host,
         default_port ? std::string() : std::string(authority->port)});
  }
  for (const std::string& text : hosts) {
    const auto host = ParseHostPattern(text);
    if (!host) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", absl::CHexEscape(text),
                       "' is no host: expected a name without a port, or "
                       "*.DOMAIN"));
    }
    rules.hosts_.push_back(*host);
  }
  return rules;
}

bool OriginRules::Lists(absl::string_view origin) const {
  const auto scheme = TakeScheme(&origin);
  if (!scheme) return false;  // "null" among others
  const auto authority = SplitAuthority(origin);
  if (!authority) return false;
  const absl::string_view port =
      authority->port == DefaultPort(*scheme) ? "" : authority->port;
  return std::any_of(
      origins_.begin(), origins_.end(), [&](const Pattern& pattern) {
        return pattern.scheme == *scheme && pattern.port == port &&
               HostMatches(authority->host, pattern.host);
      });
}

bool OriginRules::HasScheme(absl::string_view origin,
                            absl::string_view scheme) {
  const auto theirs = TakeScheme(&origin);
  return theirs && IsWeb(*theirs) && (scheme.empty() || *theirs == scheme);
}

bool OriginRules::IsSameOrigin(absl::string_view origin,
                               absl::string_view scheme,
                               absl::string_view host) {
  if (!HasScheme(origin, scheme)) return false;
  const auto theirs_scheme = TakeScheme(&origin);
  const auto theirs = SplitAuthority(origin);
  const auto ours = SplitAuthority(host);
  if (!theirs || !ours) return false;
  const auto port = [&](const Authority& authority) {
    return authority.port.empty() ? DefaultPort(*theirs_scheme)
                                  : authority.port;
  };
  return absl::EqualsIgnoreCase(theirs->host, ours->host) &&
         port(*theirs) == port(*ours);
}

bool OriginRules::AllowsHost(absl::string_view host) const {
  if (hosts_.empty()) return true;
  const auto authority = SplitAuthority(host);
  return authority &&
         std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const std::string& pattern) {
                       return HostMatches(authority->host, pattern);
                     });
}

}  // namespace sse_bridge
