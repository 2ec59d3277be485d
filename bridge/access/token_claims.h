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

// A claim that backends are told.
struct ForwardedClaim {
  std::string claim;     // found as those of ClaimRules are
  std::string metadata;  // the name that it is sent as
};

// "CLAIM" or "CLAIM=NAME". Without a name it is x-sse-claim-CLAIM, in lower
// case. The name is not checked.
ForwardedClaim ParseForwardedClaim(absl::string_view text);

// What a token's claims must say (RFC 7519 section 4.1), and where the
// identity is found in them.
// Longer ones are refused.
inline constexpr size_t kMaxSubjectBytes = 256;
inline constexpr size_t kMaxTokenIdBytes = 256;

struct ClaimRules {
  // Empty: not checked. One value of `aud` must be `audience`.
  std::string issuer;
  std::string audience;

  // How far the issuer's clock may differ from ours.
  absl::Duration leeway = absl::Seconds(30);

  // Whether a token without `exp`, valid for ever, is refused.
  bool require_expiry = true;

  // Where subject, scopes and roles are: the name of a claim, or a dotted path
  // into objects ("realm_access.roles"). A claim whose own name has dots
  // ("https://example.com/roles") is found before the path is taken apart.
  std::string subject_claim = "sub";
  std::string scopes_claim = "scope";  // space-separated, or an array
  std::string roles_claim = "roles";   // an array, or one role

  // Text is percent-encoded where it is not printable ASCII; all else but null
  // is sent as JSON.
  std::vector<ForwardedClaim> forwarded;
};

// Checks verified claims (an object) and fills `identity`. A claim that is
// there with a wrong type refuses the token: the issuer means something that we
// do not understand.
TokenError ReadClaims(const nlohmann::json& claims, const ClaimRules& rules,
                      absl::Time now, Identity* identity);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_CLAIMS_H_
