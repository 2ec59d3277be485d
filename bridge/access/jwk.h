#ifndef SSE_BRIDGE_BRIDGE_ACCESS_JWK_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_JWK_H_

#include "absl/status/statusor.h"
#include "bridge/access/verification_key.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {

// Reads one JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
// Unimplemented: a key of a kind or for a use that is not ours, which a set may
// well hold. InvalidArgument: malformed, weak, or a private key.
absl::StatusOr<VerificationKey> ParseJwk(const nlohmann::json& jwk);

// Whether it has members that only private keys have.
bool IsPrivateJwk(const nlohmann::json& jwk);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_JWK_H_
