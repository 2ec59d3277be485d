#ifndef SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_SOURCE_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_SOURCE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Which parts of a request may carry a token, beside Authorization.
struct TokenSourceOptions {
  // Empty: cookies are not looked at.
  std::string cookie_name;

  // Whether the query may. Off by default: addresses end up in logs.
  bool query = false;
};

// The parts of a request, absent or as received. A header that came twice is
// the caller's to refuse.
struct TokenParts {
  std::optional<absl::string_view> authorization;  // header Authorization
  std::optional<absl::string_view> cookie;         // header Cookie
  std::optional<absl::string_view> query;          // decoded query parameter
};

// Where a token was found. Cookies are sent by browsers on their own, so a
// request with one must come from an origin that is allowed.
enum class TokenOrigin { kNowhere, kAuthorization, kCookie, kQuery };

struct FoundToken {
  TokenOrigin origin = TokenOrigin::kNowhere;
  absl::string_view token;  // points into the part
};

// Finds the token of a request: Authorization (RFC 6750 section 2.1), then the
// cookie (RFC 6265 section 4.1.1), then the query. An Authorization of another
// scheme, an empty cookie and an empty parameter are no token. Unauthenticated
// for a Bearer that is malformed, and for two cookies of the name with
// different values, since another site on the domain may have set one.
absl::StatusOr<FoundToken> FindToken(const TokenParts& parts,
                                     const TokenSourceOptions& options);

// The value of a cookie in a header Cookie; empty when it is not there.
// Unauthenticated when it is there with different values.
absl::StatusOr<absl::string_view> FindCookie(absl::string_view header,
                                             absl::string_view name);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_SOURCE_H_
