#ifndef SSE_BRIDGE_BRIDGE_ACCESS_JWK_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_JWK_H_

#include "absl/status/statusor.h"
#include "bridge/access/verification_key.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {

// Parses one JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
// Returns kUnimplemented for an unsupported type or use, which key sets may
// legitimately contain. Returns kInvalidArgument for a malformed, weak or
// private key.
absl::StatusOr<VerificationKey> ParseJwk(const nlohmann::json& jwk);

// Returns whether the key has members that only private keys have.
bool IsPrivateJwk(const nlohmann::json& jwk);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_JWK_H_
