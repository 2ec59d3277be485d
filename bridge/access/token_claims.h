#ifndef SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_CLAIMS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_CLAIMS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/access/identity.h"
#include "bridge/access/token_error.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {

// A claim forwarded to backends.
struct ForwardedClaim {
  std::string claim;     // found like those of ClaimRules
  std::string metadata;  // name of the metadata
};

// Parses "CLAIM" or "CLAIM=NAME". The default name is x-sse-claim-CLAIM, in
// lower case. Does not validate the name.
ForwardedClaim ParseForwardedClaim(absl::string_view text);

// Longer values are rejected.
inline constexpr size_t kMaxSubjectBytes = 256;
inline constexpr size_t kMaxTokenIdBytes = 256;

// Requirements on a token's claims (RFC 7519 section 4.1), and where to find
// the identity in them.
struct ClaimRules {
  // If empty, not checked. `audience` must be one of the values of `aud`.
  std::string issuer;
  std::string audience;

  // Tolerated clock difference to the issuer.
  absl::Duration leeway = absl::Seconds(30);

  // Whether to reject tokens without `exp`, which never expire.
  bool require_expiry = true;

  // Where to find subject, scopes and roles: the name of a claim, or a dotted
  // path into objects ("realm_access.roles"). A claim whose name contains dots
  // ("https://example.com/roles") takes precedence over a path.
  std::string subject_claim = "sub";
  std::string scopes_claim = "scope";  // space-separated string, or array
  std::string roles_claim = "roles";   // array, or a single role

  // Strings are percent-encoded if they are not printable ASCII; other values
  // except null are sent as JSON.
  std::vector<ForwardedClaim> forwarded;
};

// Checks verified claims (an object) and fills `identity`. A claim of the wrong
// type rejects the token, because the issuer's intent is unknown.
TokenError ReadClaims(const nlohmann::json& claims, const ClaimRules& rules,
                      absl::Time now, Identity* identity);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_CLAIMS_H_
