// Tokens that must be rejected, each with the reason, which is only logged.
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "bridge/access/token_verifier.h"
#include "gtest/gtest.h"
#include "tests/unit/access/bad_tokens.h"

namespace sse_bridge {

void PrintTo(const BadToken& bad, std::ostream* out) { *out << bad.name; }

namespace {

constexpr int64_t kNow = 1700000000;

const TokenVerifier& Verifier() {
  static const TokenVerifier* const verifier = [] {
    TokenVerifier::Options options;
    options.claims.issuer = "https://issuer.example";
    options.claims.audience = "bridge";
    auto keys = KeySet::Parse(BadTokenKeys().dump(), "keys");
    return TokenVerifier::CreateWithKeys(options, *std::move(keys))->release();
  }();
  return *verifier;
}

class BadTokenTest : public testing::TestWithParam<BadToken> {};

TEST_P(BadTokenTest, IsRefusedWithoutDetail) {
  TokenError error = TokenError::kNone;
  const absl::StatusOr<Identity> identity =
      Verifier().Verify(GetParam().token, absl::FromUnixSeconds(kNow), &error);
  ASSERT_FALSE(identity.ok());
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(identity.status().message(),
            GetParam().error == TokenError::kExpired ? "token expired"
                                                     : "invalid token");
  EXPECT_EQ(std::string(TokenErrorText(error)),
            std::string(TokenErrorText(GetParam().error)));
}

INSTANTIATE_TEST_SUITE_P(Tokens, BadTokenTest,
                         testing::ValuesIn(BadTokens(kNow)),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

TEST(BadTokenTest, TheSameClaimsUnchangedAreGood) {
  const absl::Time now = absl::FromUnixSeconds(kNow);
  EXPECT_TRUE(Verifier().Verify(GoodToken(kNow), now).ok());
  EXPECT_TRUE(Verifier().Verify(GoodTokenWith("\"x\":[[[]]]", kNow), now).ok());
  EXPECT_GE(BadTokens(kNow).size(), 60u);
}

// Only an otherwise valid token may be reported as expired.
TEST(BadTokenTest, AnExpiredForgeryIsJustInvalid) {
  const auto identity =
      Verifier().Verify(ExpiredForgery(kNow), absl::FromUnixSeconds(kNow));
  EXPECT_EQ(identity.status().message(), "invalid token");
}

}  // namespace
}  // namespace sse_bridge
