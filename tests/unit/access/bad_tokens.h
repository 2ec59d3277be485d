#ifndef SSE_BRIDGE_TESTS_UNIT_ACCESS_BAD_TOKENS_H_
#define SSE_BRIDGE_TESTS_UNIT_ACCESS_BAD_TOKENS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/access/token_error.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {

// A token that must be refused, with the reason that only the log sees.
struct BadToken {
  const char* name;
  std::string token;
  TokenError error;
};

// More than a hundred, for a verifier with the keys below, the issuer
// "https://issuer.example", the audience "bridge" and a leeway of 30 seconds.
// `now` is in seconds since 1970. Tokens that are not valid yet become so
// `margin` seconds later than their leeway allows.
std::vector<BadToken> BadTokens(int64_t now, int64_t margin = 0);

// The JWKS that the good ones are signed with.
nlohmann::json BadTokenKeys();

// What the bad ones would be without their fault; the same with one member
// ("\"x\":1") more.
std::string GoodToken(int64_t now);
std::string GoodTokenWith(absl::string_view member, int64_t now);

// Expired, and signed by a stranger.
std::string ExpiredForgery(int64_t now);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_ACCESS_BAD_TOKENS_H_
