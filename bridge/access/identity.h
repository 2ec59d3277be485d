#ifndef SSE_BRIDGE_BRIDGE_ACCESS_IDENTITY_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_IDENTITY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace sse_bridge {

// Who a verified token speaks for. A plain value, made by TokenVerifier.
struct Identity {
  // Never empty, without control or invisible characters.
  std::string subject;

  std::vector<std::string> scopes;
  std::vector<std::string> roles;

  // Claims that backends are told (ClaimRules::forwarded): the names of their
  // metadata, and values in printable ASCII.
  std::vector<std::pair<std::string, std::string>> claims;

  // From this moment the identity no longer holds; the leeway that the
  // verifier grants is already in it. InfiniteFuture: the token has no `exp`.
  absl::Time expires = absl::InfiniteFuture();

  // The claim `jti`, or empty.
  std::string token_id;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_IDENTITY_H_
