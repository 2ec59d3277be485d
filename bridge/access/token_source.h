#ifndef SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_SOURCE_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_SOURCE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Parts of a request, besides Authorization, that may carry a token.
struct TokenSourceOptions {
  // If empty, cookies are ignored.
  std::string cookie_name;

  // Whether the query may carry it. Off by default because URLs are logged.
  bool query = false;
};

// The parts of a request as received, or absent. The caller must reject
// duplicate headers.
struct TokenParts {
  std::optional<absl::string_view> authorization;  // header Authorization
  std::optional<absl::string_view> cookie;         // header Cookie
  std::optional<absl::string_view> query;          // decoded query parameter
};

// Where a token was found. Browsers send cookies automatically, so a request
// with one must come from an allowed origin.
enum class TokenOrigin { kNowhere, kAuthorization, kCookie, kQuery };

struct FoundToken {
  TokenOrigin origin = TokenOrigin::kNowhere;
  absl::string_view token;  // points into the part
};

// Finds the token of a request: in Authorization (RFC 6750 section 2.1), then
// in the cookie (RFC 6265 section 4.1.1), then in the query. Ignores another
// Authorization scheme, an empty cookie and an empty parameter. Returns
// kUnauthenticated for a malformed Bearer, and for two cookies of that name
// with different values, since another site on the domain may have set one.
absl::StatusOr<FoundToken> FindToken(const TokenParts& parts,
                                     const TokenSourceOptions& options);

// Returns the value of a cookie in a Cookie header; empty if absent. Returns
// kUnauthenticated if it occurs with different values.
absl::StatusOr<absl::string_view> FindCookie(absl::string_view header,
                                             absl::string_view name);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_SOURCE_H_
