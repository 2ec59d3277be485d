#include "bridge/http/framing/request_target.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace sse_bridge {
namespace {

bool IsHostChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("-._~%!$&'()*+,;=:[]").find(c) !=
             absl::string_view::npos;
}

// For http, "h:80" and "h:" are the same as "h".
absl::string_view WithoutDefaultPort(absl::string_view scheme,
                                     absl::string_view authority) {
  const absl::string_view port =
      absl::EqualsIgnoreCase(scheme, "https") ? ":443" : ":80";
  if (!absl::ConsumeSuffix(&authority, port)) {
    absl::ConsumeSuffix(&authority, ":");
  }
  return authority;
}

}  // namespace

std::optional<AbsoluteForm> SplitAbsoluteForm(absl::string_view target) {
  const size_t scheme = target.find("://");
  if (absl::StartsWith(target, "/") || absl::StartsWith(target, "*") ||
      scheme == absl::string_view::npos) {
    return std::nullopt;
  }
  const absl::string_view after = target.substr(scheme + 3);
  const size_t end = std::min(after.find_first_of("/?"), after.size());
  return AbsoluteForm{target.substr(0, scheme), after.substr(0, end),
                      after.substr(end)};
}

bool IsHostText(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), IsHostChar);
}

bool IsSameHost(absl::string_view scheme, absl::string_view one,
                absl::string_view other) {
  return absl::EqualsIgnoreCase(WithoutDefaultPort(scheme, one),
                                WithoutDefaultPort(scheme, other));
}

}  // namespace sse_bridge
