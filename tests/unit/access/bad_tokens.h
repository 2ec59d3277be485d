#ifndef SSE_BRIDGE_TESTS_UNIT_ACCESS_BAD_TOKENS_H_
#define SSE_BRIDGE_TESTS_UNIT_ACCESS_BAD_TOKENS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/access/token_error.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {

// A token that must be rejected, with the reason, which is only logged.
struct BadToken {
  const char* name;
  std::string token;
  TokenError error;
};

// More than a hundred, for a verifier with the keys below, the issuer
// "https://issuer.example", the audience "bridge" and a leeway of 30 seconds.
// `now` is in seconds since 1970. Tokens that are not valid yet become valid
// `margin` seconds after their leeway.
std::vector<BadToken> BadTokens(int64_t now, int64_t margin = 0);

// The JWKS with the keys of the valid tokens.
nlohmann::json BadTokenKeys();

// The claims without any error; optionally with an additional member
// ("\"x\":1").
std::string GoodToken(int64_t now);
std::string GoodTokenWith(absl::string_view member, int64_t now);

// Expired, and signed with an unknown key.
std::string ExpiredForgery(int64_t now);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_ACCESS_BAD_TOKENS_H_
