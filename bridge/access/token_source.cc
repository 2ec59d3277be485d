#include "bridge/access/token_source.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kBearer = "Bearer";
constexpr absl::string_view kSchemeMarks = "!#$%&'*+-.^_`|~";
constexpr absl::string_view kTokenMarks = "-._~+/=";

bool IsMadeOf(absl::string_view text, absl::string_view marks) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           marks.find(c) != absl::string_view::npos;
  });
}

absl::string_view TrimBlanks(absl::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// Returns the token, or an empty one for another scheme.
absl::StatusOr<absl::string_view> ParseAuthorization(absl::string_view value) {
  value = TrimBlanks(value);
  const size_t blank = value.find(' ');
  const absl::string_view scheme = value.substr(0, blank);
  if (!IsMadeOf(scheme, kSchemeMarks)) {
    return absl::UnauthenticatedError("malformed Authorization");
  }
  if (!absl::EqualsIgnoreCase(scheme, kBearer)) return absl::string_view();
  absl::string_view token;
  if (blank != absl::string_view::npos) {
    token = TrimBlanks(value.substr(blank));
  }
  if (!IsMadeOf(token, kTokenMarks)) {
    return absl::UnauthenticatedError("malformed Authorization");
  }
  return token;
}

}  // namespace

absl::StatusOr<absl::string_view> FindCookie(absl::string_view header,
                                             absl::string_view name) {
  std::optional<absl::string_view> found;
  for (absl::string_view pair : absl::StrSplit(header, ';')) {
    const size_t equals = pair.find('=');
    if (equals == absl::string_view::npos ||
        TrimBlanks(pair.substr(0, equals)) != name) {
      continue;
    }
    absl::string_view value = TrimBlanks(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (found && *found != value) {
      return absl::UnauthenticatedError("ambiguous cookie");
    }
    found = value;
  }
  return found.value_or(absl::string_view());
}

absl::StatusOr<FoundToken> FindToken(const TokenParts& parts,
                                     const TokenSourceOptions& options) {
  if (parts.authorization) {
    absl::StatusOr<absl::string_view> token =
        ParseAuthorization(*parts.authorization);
    if (!token.ok()) return token.status();
    if (!token->empty()) return FoundToken{TokenOrigin::kAuthorization, *token};
  }
  if (parts.cookie && !options.cookie_name.empty()) {
    absl::StatusOr<absl::string_view> token =
        FindCookie(*parts.cookie, options.cookie_name);
    if (!token.ok()) return token.status();
    if (!token->empty()) return FoundToken{TokenOrigin::kCookie, *token};
  }
  if (parts.query && options.query && !parts.query->empty()) {
    return FoundToken{TokenOrigin::kQuery, *parts.query};
  }
  return FoundToken{};
}

}  // namespace sse_bridge
