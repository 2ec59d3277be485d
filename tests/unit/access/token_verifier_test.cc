#include "bridge/access/token_verifier.h"

#include <openssl/err.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/access/test_keys.h"

namespace sse_bridge {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr int64_t kNow = 1700000000;
const absl::Time kNowTime = absl::FromUnixSeconds(kNow);

const TestKey& SecretKey() {
  static const auto* const key =
      new TestKey(TestKey::Secret(std::string(64, 's')));
  return *key;
}

std::unique_ptr<TokenVerifier> Verifier(absl::string_view keys,
                                        TokenVerifier::Options options = {}) {
  auto set = KeySet::Parse(keys, "keys");
  EXPECT_TRUE(set.ok()) << set.status();
  auto verifier =
      TokenVerifier::CreateWithKeys(std::move(options), *std::move(set));
  EXPECT_TRUE(verifier.ok()) << verifier.status();
  return *std::move(verifier);
}

std::unique_ptr<TokenVerifier> SecretVerifier(ClaimRules rules = {}) {
  TokenVerifier::Options options;
  options.claims = std::move(rules);
  return Verifier(SecretKey().secret(), std::move(options));
}

json Claims() { return {{"sub", "ada"}, {"exp", kNow + 60}}; }

std::string SecretToken(const json& claims) {
  return MakeToken(SecretKey(), "HS256", claims);
}

TEST(TokenVerifierTest, AcceptsEveryAlgorithm) {
  const TestKey rsa = TestKey::Rsa();
  const TestKey p256 = TestKey::Ec("P-256");
  const TestKey p384 = TestKey::Ec("P-384");
  const TestKey ed = TestKey::Ed25519();
  const std::vector<std::pair<const char*, const TestKey*>> table = {
      {"HS256", &SecretKey()}, {"HS384", &SecretKey()}, {"HS512", &SecretKey()},
      {"RS256", &rsa},         {"RS384", &rsa},         {"RS512", &rsa},
      {"PS256", &rsa},         {"ES256", &p256},        {"ES384", &p384},
      {"EdDSA", &ed}};
  // All keys in one set: the right one is selected.
  json keys = json::array();
  for (const TestKey* key : {&SecretKey(), &rsa, &p256, &p384, &ed}) {
    keys.push_back(key->Jwk());
  }
  const auto all = Verifier(json({{"keys", keys}}).dump());
  for (const auto& [alg, key] : table) {
    const std::string token = MakeToken(*key, alg, Claims());
    EXPECT_TRUE(all->Verify(token, kNowTime).ok()) << alg;
    TokenError error = TokenError::kExpired;
    EXPECT_TRUE(
        Verifier(key->Jwk().dump())->Verify(token, kNowTime, &error).ok());
    EXPECT_EQ(error, TokenError::kNone);
  }
}

TEST(TokenVerifierTest, ReadsTheIdentity) {
  const auto identity =
      SecretVerifier()->Verify(SecretToken({{"sub", "ada"},
                                            {"exp", kNow + 60},
                                            {"scope", "a:read  b:write"},
                                            {"roles", {"admin", "on call"}},
                                            {"jti", "t1"}}),
                               kNowTime);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->subject, "ada");
  EXPECT_THAT(identity->scopes, ElementsAre("a:read", "b:write"));
  EXPECT_THAT(identity->roles, ElementsAre("admin", "on call"));
  EXPECT_EQ(identity->token_id, "t1");
  EXPECT_EQ(identity->expires, absl::FromUnixSeconds(kNow + 60 + 30));
}

TEST(TokenVerifierTest, ScopesAndRolesMayBeArrayOrString) {
  json claims = Claims();
  claims["scope"] = {"a", "b"};
  claims["roles"] = "on call";
  auto identity = SecretVerifier()->Verify(SecretToken(claims), kNowTime);
  ASSERT_TRUE(identity.ok());
  EXPECT_THAT(identity->scopes, ElementsAre("a", "b"));
  EXPECT_THAT(identity->roles, ElementsAre("on call"));
  claims["scope"] = "";
  claims["roles"] = json::array();
  identity = SecretVerifier()->Verify(SecretToken(claims), kNowTime);
  ASSERT_TRUE(identity.ok());
  EXPECT_THAT(identity->scopes, IsEmpty());
  EXPECT_THAT(identity->roles, IsEmpty());
}

TEST(TokenVerifierTest, ClaimsAreFoundByPath) {
  ClaimRules rules;
  rules.subject_claim = "user.id";
  rules.scopes_claim = "https://example.com/scopes";
  rules.roles_claim = "realm_access.roles";
  const auto verifier = SecretVerifier(rules);
  json claims = {{"exp", kNow + 60},
                 {"user", {{"id", "ada"}}},
                 {"https://example.com/scopes", {"a"}},
                 {"realm_access", {{"roles", {"admin"}}}}};
  auto identity = verifier->Verify(SecretToken(claims), kNowTime);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->subject, "ada");
  EXPECT_THAT(identity->scopes, ElementsAre("a"));
  EXPECT_THAT(identity->roles, ElementsAre("admin"));

  claims["realm_access"] = "admin";
  identity = verifier->Verify(SecretToken(claims), kNowTime);
  ASSERT_TRUE(identity.ok());
  EXPECT_THAT(identity->roles, IsEmpty());
}

TEST(TokenVerifierTest, ClaimsForBackendsAreTextOfMetadata) {
  ClaimRules rules;
  for (const char* text : {"tenant", "org.id", "Level=x-level", "flags=flags",
                           "nothing", "https://e.org/a=b=x-a"}) {
    rules.forwarded.push_back(ParseForwardedClaim(text));
  }
  json claims = Claims();
  claims["tenant"] = "a b%\xc3\xa9\n";
  claims["org"] = {{"id", 7}};
  claims["Level"] = 1.5;
  claims["flags"] = {true, "\xc3\xa9"};
  claims["nothing"] = nullptr;
  claims["https://e.org/a=b"] = "c";
  const auto identity =
      SecretVerifier(rules)->Verify(SecretToken(claims), kNowTime);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_THAT(
      identity->claims,
      ElementsAre(Pair("x-sse-claim-tenant", "a%20b%25%C3%A9%0A"),
                  Pair("x-sse-claim-org.id", "7"), Pair("x-level", "1.5"),
                  Pair("flags", "[true,\"\\u00e9\"]"), Pair("x-a", "c")));
}

// now -> whether the token is valid, with a leeway of 30 s.
TEST(TokenVerifierTest, TimesHoldAtTheirBounds) {
  const auto verifier = SecretVerifier();
  const auto code = [&](const json& claims, absl::Duration offset) {
    return verifier->Verify(SecretToken(claims), kNowTime + offset)
        .status()
        .code();
  };
  const auto ok = absl::StatusCode::kOk;
  const auto refused = absl::StatusCode::kUnauthenticated;
  const json expires = {{"sub", "a"}, {"exp", kNow}};
  EXPECT_EQ(code(expires, absl::Seconds(30) - absl::Nanoseconds(1)), ok);
  EXPECT_EQ(code(expires, absl::Seconds(30)), refused);
  for (const char* name : {"nbf", "iat"}) {
    json starts = {{"sub", "a"}, {"exp", kNow + 600}};
    starts[name] = kNow;
    EXPECT_EQ(code(starts, -absl::Seconds(30)), ok) << name;
    EXPECT_EQ(code(starts, -absl::Seconds(30) - absl::Nanoseconds(1)), refused)
        << name;
  }
  EXPECT_EQ(code({{"sub", "a"}, {"exp", kNow + 0.5}}, absl::Seconds(30.25)),
            ok);
  EXPECT_EQ(code({{"sub", "a"}, {"exp", kNow + 0.5}}, absl::Seconds(30.75)),
            refused);
  EXPECT_EQ(code({{"sub", "a"}, {"exp", 253402300799}}, {}), ok);
}

TEST(TokenVerifierTest, ExpiryMayBeLeftOutOnlyWhenAllowed) {
  const std::string token = SecretToken({{"sub", "ada"}});
  EXPECT_FALSE(SecretVerifier()->Verify(token, kNowTime).ok());
  ClaimRules rules;
  rules.require_expiry = false;
  const auto identity = SecretVerifier(rules)->Verify(token, kNowTime);
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->expires, absl::InfiniteFuture());
}

TEST(TokenVerifierTest, IssuerAndAudienceMustMatchWhenConfigured) {
  ClaimRules rules;
  rules.issuer = "https://issuer";
  rules.audience = "bridge";
  const auto verifier = SecretVerifier(rules);
  json claims = Claims();
  claims["iss"] = "https://issuer";
  claims["aud"] = "bridge";
  EXPECT_TRUE(verifier->Verify(SecretToken(claims), kNowTime).ok());
  claims["aud"] = {"other", "bridge"};
  EXPECT_TRUE(verifier->Verify(SecretToken(claims), kNowTime).ok());
  EXPECT_TRUE(SecretVerifier()->Verify(SecretToken(claims), kNowTime).ok());
}

TEST(TokenVerifierTest, TypAcceptsEverySpelling) {
  for (const char* typ : {"JWT", "jwt", "at+jwt", "AT+JWT",
                          "application/at+jwt", "Application/JWT"}) {
    const json header = {{"alg", "HS256"}, {"typ", typ}};
    EXPECT_TRUE(SecretVerifier()
                    ->Verify(MakeToken(SecretKey(), "HS256", header.dump(),
                                       Claims().dump()),
                             kNowTime)
                    .ok())
        << typ;
  }
}

TEST(TokenVerifierTest, RequiredTypeIsRequired) {
  TokenVerifier::Options options;
  options.required_type = "at+jwt";
  const auto verifier = Verifier(SecretKey().secret(), options);
  const auto code = [&](const char* header) {
    return verifier
        ->Verify(MakeToken(SecretKey(), "HS256", header, Claims().dump()),
                 kNowTime)
        .status()
        .code();
  };
  EXPECT_EQ(code(R"({"alg":"HS256","typ":"application/at+JWT"})"),
            absl::StatusCode::kOk);
  EXPECT_EQ(code(R"({"alg":"HS256","typ":"JWT"})"),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(code(R"({"alg":"HS256"})"), absl::StatusCode::kUnauthenticated);
}

TEST(TokenVerifierTest, HeadersThatNameAKeyAreIgnored) {
  const json header = {{"alg", "HS256"},
                       {"jku", "http://127.0.0.1:1/keys"},
                       {"x5u", "http://127.0.0.1:1/cert"},
                       {"jwk", TestKey::Secret(std::string(32, 'e')).Jwk()},
                       {"x5c", {"AAAA"}}};
  EXPECT_TRUE(SecretVerifier()
                  ->Verify(MakeToken(SecretKey(), "HS256", header.dump(),
                                     Claims().dump()),
                           kNowTime)
                  .ok());
}

TEST(TokenVerifierTest, SizeHoldsAtItsBound) {
  json claims = Claims();
  const auto padded = [&](size_t size) {
    claims["pad"] = std::string(size, 'x');
    return SecretToken(claims);
  };
  size_t pad = TokenVerifier::kMaxTokenBytes / 4 * 3 - 250;
  while (padded(pad).size() < TokenVerifier::kMaxTokenBytes) ++pad;
  while (padded(pad).size() > TokenVerifier::kMaxTokenBytes) --pad;
  const auto verifier = SecretVerifier();
  EXPECT_TRUE(verifier->Verify(padded(pad), kNowTime).ok());
  TokenError error;
  EXPECT_FALSE(verifier->Verify(padded(pad + 2), kNowTime, &error).ok());
  EXPECT_EQ(error, TokenError::kTooLong);
}

TEST(TokenVerifierTest, SubjectHoldsAtItsBound) {
  const auto verifier = SecretVerifier();
  json claims = Claims();
  claims["sub"] = std::string(256, 'a');
  EXPECT_TRUE(verifier->Verify(SecretToken(claims), kNowTime).ok());
  claims["sub"] = std::string(257, 'a');
  EXPECT_FALSE(verifier->Verify(SecretToken(claims), kNowTime).ok());
  claims["sub"] = "Jürgen 李 🦊";
  EXPECT_TRUE(verifier->Verify(SecretToken(claims), kNowTime).ok());
}

TEST(TokenVerifierTest, ReplacedKeysTakeOver) {
  const TestKey next = TestKey::Secret(std::string(64, 'n'));
  const auto verifier = SecretVerifier();
  const std::string old_token = SecretToken(Claims());
  const std::string new_token = MakeToken(next, "HS256", Claims());
  EXPECT_TRUE(verifier->Verify(old_token, kNowTime).ok());
  EXPECT_FALSE(verifier->Verify(new_token, kNowTime).ok());
  verifier->ReplaceKeys(*KeySet::Parse(next.secret(), "next"));
  EXPECT_FALSE(verifier->Verify(old_token, kNowTime).ok());
  EXPECT_TRUE(verifier->Verify(new_token, kNowTime).ok());
}

TEST(TokenVerifierTest, ManyThreadsVerifyWhileKeysAreReplaced) {
  const TestKey key = TestKey::Ec("P-256");
  const std::string pem = key.PublicPem();
  const auto verifier = Verifier(pem);
  const std::string good = MakeToken(key, "ES256", Claims());
  const std::string bad = MakeToken(TestKey::Ec("P-256"), "ES256", Claims());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(verifier->Verify(good, kNowTime).ok());
        EXPECT_FALSE(verifier->Verify(bad, kNowTime).ok());
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    verifier->ReplaceKeys(*KeySet::Parse(pem, "again"));
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(TokenVerifierTest, LeavesNothingInTheThreadsErrorQueue) {
  ERR_clear_error();
  const TestKey rsa = TestKey::Rsa();
  const auto verifier = Verifier(rsa.PublicPem());
  std::string token = MakeToken(rsa, "RS256", Claims());
  token[token.size() - 10] = token[token.size() - 10] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(verifier->Verify(token, kNowTime).ok());
  EXPECT_TRUE(KeySet::Parse(std::string(40, 's'), "secret").ok());
  EXPECT_FALSE(KeySet::Parse(rsa.PublicPem().substr(0, 200), "pem").ok());
  EXPECT_FALSE(KeySet::Parse(TestKey::Rsa(1024).Jwk().dump(), "jwk").ok());
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(TokenVerifierTest, WrongOptionsAreRefused) {
  EXPECT_EQ(TokenVerifier::Create({}).status().code(),
            absl::StatusCode::kInvalidArgument);
  TokenVerifier::Options options;
  options.key_files = {"/no/such/file"};
  EXPECT_EQ(TokenVerifier::Create(options).status().code(),
            absl::StatusCode::kNotFound);
  const auto code = [](absl::Duration leeway) {
    TokenVerifier::Options options;
    options.claims.leeway = leeway;
    return TokenVerifier::CreateWithKeys(
               options, *KeySet::Parse(SecretKey().secret(), "s"))
        .status()
        .code();
  };
  EXPECT_EQ(code(absl::ZeroDuration()), absl::StatusCode::kOk);
  EXPECT_EQ(code(absl::Minutes(5)), absl::StatusCode::kOk);
  EXPECT_EQ(code(absl::Minutes(5) + absl::Nanoseconds(1)),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(-absl::Nanoseconds(1)), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace sse_bridge
