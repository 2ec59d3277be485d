#ifndef SSE_BRIDGE_BRIDGE_ACCESS_IDENTITY_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_IDENTITY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace sse_bridge {

// The identity that a verified token stands for. A plain value, created by
// TokenVerifier.
struct Identity {
  // Never empty; contains no control or invisible characters.
  std::string subject;

  std::vector<std::string> scopes;
  std::vector<std::string> roles;

  // Claims forwarded to backends (ClaimRules::forwarded): metadata names and
  // values in printable ASCII.
  std::vector<std::pair<std::string, std::string>> claims;

  // When the identity expires; includes the verifier's leeway. InfiniteFuture
  // if the token has no `exp`.
  absl::Time expires = absl::InfiniteFuture();

  // The claim `jti`; may be empty.
  std::string token_id;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_IDENTITY_H_
