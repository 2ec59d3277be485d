#ifndef SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_ERROR_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_ERROR_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Why a token was rejected. For logs and counters only: a client would learn
// how close a forgery came.
enum class TokenError {
  kNone,
  kTooLong,
  kMalformed,   // not three parts of canonical base64url
  kHeader,      // header is invalid JSON, or a member has the wrong type
  kAlgorithm,   // `alg` is missing, unknown or "none"
  kCritical,    // `crit` requires an extension
  kType,        // `typ` is not an access token's
  kUnknownKey,  // no key with this `kid`, or of the type that `alg` needs
  kSignature,
  kClaims,  // claims are invalid JSON, or one has the wrong type
  kExpired,
  kNotYetValid,  // `nbf` or `iat` is in the future
  kIssuer,
  kAudience,
  kSubject,
};

// Returns a short text such as "unknown key", without any part of the token.
absl::string_view TokenErrorText(TokenError error);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_ERROR_H_
