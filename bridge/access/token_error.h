#ifndef SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_ERROR_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_ERROR_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Why a token was refused: for logs and counters, never for the client, to whom
// it would tell how close a forgery came.
enum class TokenError {
  kNone,
  kTooLong,
  kMalformed,   // not three parts of canonical base64url
  kHeader,      // header is no strict JSON, or a member has a wrong type
  kAlgorithm,   // `alg` is missing, unknown or "none"
  kCritical,    // `crit` demands an extension
  kType,        // `typ` is not that of an access token
  kUnknownKey,  // no key with this `kid`, or of the type that `alg` needs
  kSignature,
  kClaims,  // claims are no strict JSON, or one has a wrong type
  kExpired,
  kNotYetValid,  // `nbf` or `iat` lies in the future
  kIssuer,
  kAudience,
  kSubject,
};

// "unknown key": a few words without anything from the token.
absl::string_view TokenErrorText(TokenError error);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_ERROR_H_
