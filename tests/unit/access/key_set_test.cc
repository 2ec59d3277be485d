#include "bridge/access/key_set.h"

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/access/test_keys.h"

namespace sse_bridge {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Algorithm = SignatureAlgorithm;

const TestKey& RsaKey() {
  static const auto* const key = new TestKey(TestKey::Rsa());
  return *key;
}
const TestKey& EcKey() {
  static const auto* const key = new TestKey(TestKey::Ec("P-256"));
  return *key;
}

std::string Error(absl::string_view text) {
  const absl::StatusOr<KeySet> set = KeySet::Parse(text, "keys.txt");
  EXPECT_FALSE(set.ok()) << text;
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(set.status().message()), StartsWith("keys.txt: "));
  return std::string(set.status().message());
}

KeySet Must(absl::string_view text) {
  absl::StatusOr<KeySet> set = KeySet::Parse(text, "keys.txt");
  EXPECT_TRUE(set.ok()) << set.status();
  return *std::move(set);
}

// Returns whether the only key of `text` verifies a signature of `key` by
// `alg`.
bool Verifies(absl::string_view text, const TestKey& key, const char* alg) {
  const KeySet set = Must(text);
  const auto candidates =
      set.Candidates(*ParseSignatureAlgorithm(alg), std::nullopt);
  return candidates.size() == 1 &&
         candidates[0]->Verify(*ParseSignatureAlgorithm(alg), "data",
                               key.Sign(alg, "data")) &&
         !candidates[0]->Verify(*ParseSignatureAlgorithm(alg), "Data",
                                key.Sign(alg, "data"));
}

TEST(KeySetTest, ReadsPemPublicKeysAndCertificates) {
  EXPECT_TRUE(Verifies(RsaKey().PublicPem(), RsaKey(), "RS256"));
  EXPECT_TRUE(Verifies(RsaKey().CertificatePem(), RsaKey(), "PS256"));
  EXPECT_TRUE(Verifies(EcKey().PublicPem(), EcKey(), "ES256"));
  EXPECT_TRUE(Verifies(EcKey().CertificatePem(), EcKey(), "ES256"));
  const TestKey p384 = TestKey::Ec("P-384");
  EXPECT_TRUE(Verifies(p384.PublicPem(), p384, "ES384"));
  const TestKey ed = TestKey::Ed25519();
  EXPECT_TRUE(Verifies(ed.PublicPem(), ed, "EdDSA"));
  EXPECT_TRUE(Verifies(
      absl::StrCat("issuer's key, 2024\r\n",
                   absl::StrReplaceAll(EcKey().PublicPem(), {{"\n", "\r\n"}})),
      EcKey(), "ES256"));
}

TEST(KeySetTest, ReadsSeveralPemKeysOfOneFile) {
  const KeySet set =
      Must(absl::StrCat(RsaKey().PublicPem(), EcKey().PublicPem(),
                        TestKey::Ed25519().PublicPem()));
  EXPECT_EQ(set.size(), 3u);
}

TEST(KeySetTest, ReadsJwkOfEveryType) {
  EXPECT_TRUE(Verifies(RsaKey().Jwk().dump(), RsaKey(), "RS512"));
  EXPECT_TRUE(Verifies(EcKey().Jwk().dump(2), EcKey(), "ES256"));
  const TestKey p384 = TestKey::Ec("P-384");
  EXPECT_TRUE(Verifies(p384.Jwk().dump(), p384, "ES384"));
  const TestKey ed = TestKey::Ed25519();
  EXPECT_TRUE(Verifies(ed.Jwk().dump(), ed, "EdDSA"));
  const TestKey secret = TestKey::Secret(std::string(64, 'k'));
  EXPECT_TRUE(Verifies(secret.Jwk().dump(), secret, "HS512"));
}

// The public key of RFC 7515 appendix A.3 and RFC 8037 appendix A.4.
TEST(KeySetTest, VerifiesTheSignaturesOfTheRfcs) {
  const KeySet ec = Must(R"({"kty":"EC","crv":"P-256",
      "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  std::string signature;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
      "pmWQxfKTUJqPP3-Kg6NU1Q",
      &signature));
  EXPECT_TRUE(ec.Candidates(Algorithm::kEs256, std::nullopt)
                  .at(0)
                  ->Verify(Algorithm::kEs256,
                           "eyJhbGciOiJFUzI1NiJ9"
                           ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
                           "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
                           signature));

  const KeySet ed = Must(R"({"kty":"OKP","crv":"Ed25519",
      "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  ASSERT_TRUE(absl::WebSafeBase64Unescape(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5B"
      "hVsPt9g7sVvpAr_MuM0KAg",
      &signature));
  EXPECT_TRUE(ed.Candidates(Algorithm::kEdDsa, std::nullopt)
                  .at(0)
                  ->Verify(Algorithm::kEdDsa,
                           "eyJhbGciOiJFZERTQSJ9"
                           ".RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
                           signature));
}

TEST(KeySetTest, SecretIsEveryByteButOneNewline) {
  const std::string secret(32, 's');
  EXPECT_TRUE(Verifies(secret, TestKey::Secret(secret), "HS256"));
  EXPECT_TRUE(Verifies(secret + "\n", TestKey::Secret(secret), "HS256"));
  // Stray characters from an editor would change the secret.
  for (const std::string& wrong :
       {secret + "\n\n", " " + secret, secret + "\r\n", secret + "\t"}) {
    EXPECT_THAT(Error(wrong), HasSubstr("a blank"));
  }
  const std::string bytes = secret + std::string("\0\x20\x0d", 3);
  EXPECT_TRUE(Verifies(bytes, TestKey::Secret(bytes), "HS256"));
}

TEST(KeySetTest, SecretIsAsLongAsTheHash) {
  EXPECT_THAT(Error(std::string(31, 's')), HasSubstr("at least 32"));
  EXPECT_THAT(Error(std::string(31, 's') + "\n"), HasSubstr("31 bytes"));
  const KeySet set = Must(std::string(47, 's'));
  EXPECT_EQ(set.Candidates(Algorithm::kHs256, std::nullopt).size(), 1u);
  EXPECT_EQ(set.Candidates(Algorithm::kHs384, std::nullopt).size(), 0u);
  const KeySet longer = Must(std::string(64, 's'));
  EXPECT_EQ(longer.Candidates(Algorithm::kHs512, std::nullopt).size(), 1u);
}

TEST(KeySetTest, AKeyTakesPartOnlyInItsOwnAlgorithms) {
  const std::vector<std::pair<std::string, std::vector<Algorithm>>> table = {
      {std::string(64, 's'),
       {Algorithm::kHs256, Algorithm::kHs384, Algorithm::kHs512}},
      {RsaKey().PublicPem(),
       {Algorithm::kRs256, Algorithm::kRs384, Algorithm::kRs512,
        Algorithm::kPs256}},
      {EcKey().PublicPem(), {Algorithm::kEs256}},
      {TestKey::Ec("P-384").PublicPem(), {Algorithm::kEs384}},
      {TestKey::Ed25519().PublicPem(), {Algorithm::kEdDsa}},
  };
  for (const auto& [text, accepted] : table) {
    const KeySet set = Must(text);
    std::vector<Algorithm> found;
    for (Algorithm algorithm :
         {Algorithm::kHs256, Algorithm::kHs384, Algorithm::kHs512,
          Algorithm::kRs256, Algorithm::kRs384, Algorithm::kRs512,
          Algorithm::kPs256, Algorithm::kEs256, Algorithm::kEs384,
          Algorithm::kEdDsa}) {
      if (!set.Candidates(algorithm, std::nullopt).empty()) {
        found.push_back(algorithm);
      }
    }
    EXPECT_EQ(found, accepted) << text;
  }
}

TEST(KeySetTest, JwkAlgLeavesOneAlgorithm) {
  json jwk = RsaKey().Jwk();
  jwk["alg"] = "RS384";
  const KeySet set = Must(jwk.dump());
  EXPECT_EQ(set.Candidates(Algorithm::kRs384, std::nullopt).size(), 1u);
  EXPECT_EQ(set.Candidates(Algorithm::kRs256, std::nullopt).size(), 0u);
  jwk["alg"] = "ES256";
  EXPECT_THAT(Error(jwk.dump()), HasSubstr("does not fit"));
}

TEST(KeySetTest, KidSelects) {
  json a = RsaKey().Jwk(), b = TestKey::Rsa().Jwk(), c = EcKey().Jwk();
  a["kid"] = "a";
  b["kid"] = "b";
  c["kid"] = "a";
  const KeySet set = Must(json({{"keys", {a, b, c}}}).dump());
  EXPECT_EQ(set.Candidates(Algorithm::kRs256, "a").size(), 1u);
  EXPECT_EQ(set.Candidates(Algorithm::kRs256, "b").size(), 1u);
  EXPECT_EQ(set.Candidates(Algorithm::kRs256, "c").size(), 0u);
  EXPECT_EQ(set.Candidates(Algorithm::kRs256, "").size(), 0u);
  EXPECT_EQ(set.Candidates(Algorithm::kEs256, "b").size(), 0u);
  EXPECT_EQ(set.Candidates(Algorithm::kRs256, std::nullopt).size(), 2u);
}

TEST(KeySetTest, KeysWithoutIdServeAnyKid) {
  const KeySet set = Must(RsaKey().PublicPem());
  EXPECT_EQ(set.Candidates(Algorithm::kRs256, "anything").size(), 1u);
}

TEST(KeySetTest, CandidatesAreBounded) {
  json keys = json::array();
  for (size_t i = 0; i < KeySet::kMaxKeys; ++i) {
    keys.push_back(TestKey::Secret(std::string(32 + i, 's')).Jwk());
  }
  EXPECT_EQ(Must(json({{"keys", keys}}).dump())
                .Candidates(Algorithm::kHs256, std::nullopt)
                .size(),
            KeySet::kMaxCandidates);
  keys.push_back(TestKey::Secret(std::string(32, 't')).Jwk());
  EXPECT_THAT(Error(json({{"keys", keys}}).dump()), HasSubstr("more than 64"));
}

TEST(KeySetTest, JwksSkipsKeysForOtherUses) {
  json encryption = RsaKey().Jwk();
  encryption["use"] = "enc";
  json wrapping = RsaKey().Jwk();
  wrapping["alg"] = "RSA-OAEP";
  json deriving = EcKey().Jwk();
  deriving["key_ops"] = {"deriveBits"};
  json good = EcKey().Jwk();
  good["use"] = "sig";
  good["key_ops"] = {"verify"};
  const json unknown = {{"kty", "AKP"}};
  const json keys = {
      encryption, wrapping, deriving, unknown, TestKey::Ec("P-521").Jwk(),
      good};
  EXPECT_EQ(Must(json({{"keys", keys}}).dump()).size(), 1u);
  EXPECT_THAT(Error(json({{"keys", {encryption}}}).dump()),
              HasSubstr("without a usable key"));
  EXPECT_THAT(Error(R"({"keys":[]})"), HasSubstr("without a usable key"));
  EXPECT_THAT(Error(encryption.dump()), HasSubstr("\"use\""));
}

TEST(KeySetTest, AnUnusableKeyDoesNotMakeTheOthersUnusable) {
  json good = EcKey().Jwk();
  good["kid"] = "good";
  json other = RsaKey().Jwk();
  other["kid"] = "other";
  json weak = TestKey::Rsa(1024).Jwk(), off_curve = EcKey().Jwk(),
       no_id = RsaKey().Jwk(), long_id = RsaKey().Jwk(), misfit = good,
       deep = RsaKey().Jwk();
  off_curve["y"] = off_curve["x"];
  no_id["kid"] = 7;
  long_id["kid"] = std::string(300, 'k');
  misfit["alg"] = "RS256";
  for (int i = 0; i < 20; ++i) deep["x5c"] = {deep["x5c"]};
  deep["n"] = "!";
  for (const json& unusable :
       {weak, off_curve, no_id, long_id, misfit, deep, json(1), json(nullptr),
        json({{"kty", "RSA"}}), json({{"kty", 1}}), json({{"kty", "PQ"}})}) {
    const std::string text = json({{"keys", {good, unusable, other}}}).dump();
    EXPECT_EQ(Must(text).size(), 2u) << unusable;
    const auto published = KeySet::ParsePublished(text, "url");
    ASSERT_TRUE(published.ok()) << published.status();
    EXPECT_EQ(published->Candidates(Algorithm::kEs256, "good").size(), 1u);
    EXPECT_EQ(published->Candidates(Algorithm::kRs256, "other").size(), 1u);
  }
}

TEST(KeySetTest, AnUnusablePemBlockDoesNotMakeTheOthersUnusable) {
  for (const std::string& unusable :
       {TestKey::Rsa(1024).PublicPem(), TestKey::Ec("P-521").PublicPem(),
        std::string("-----BEGIN PUBLIC KEY-----\n!!!!\n"
                    "-----END PUBLIC KEY-----\n"),
        std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n"
                    "-----END PUBLIC KEY-----\n"),
        std::string("-----BEGIN DH PARAMETERS-----\nAAAA\n"
                    "-----END DH PARAMETERS-----\n")}) {
    EXPECT_EQ(
        Must(absl::StrCat(RsaKey().PublicPem(), unusable, EcKey().PublicPem()))
            .size(),
        2u)
        << unusable;
  }
}

TEST(KeySetTest, PublishedSecretsAndExcessKeysAreSkipped) {
  json leaked = RsaKey().Jwk();
  leaked["d"] = "AAAA";
  json keys = {leaked, TestKey::Secret(std::string(64, 'k')).Jwk()};
  EXPECT_FALSE(
      KeySet::ParsePublished(json({{"keys", keys}}).dump(), "url").ok());
  for (size_t i = 0; i <= KeySet::kMaxKeys; ++i) keys.push_back(EcKey().Jwk());
  const auto set = KeySet::ParsePublished(json({{"keys", keys}}).dump(), "url");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->size(), KeySet::kMaxKeys);
}

TEST(KeySetTest, PrivateKeysAreRefused) {
  EXPECT_THAT(Error(RsaKey().PrivatePem()), HasSubstr("private key"));
  EXPECT_THAT(Error(EcKey().PublicPem() + EcKey().PrivatePem()),
              HasSubstr("private key"));
  json jwk = EcKey().Jwk();
  jwk["d"] = "AAAA";
  EXPECT_THAT(Error(jwk.dump()), HasSubstr("private key"));
  EXPECT_THAT(Error(json({{"keys", {RsaKey().Jwk(), jwk}}}).dump()),
              HasSubstr("private key"));
}

TEST(KeySetTest, PublicKeyInAnotherEncodingNeverBecomesASecret) {
  EXPECT_THAT(Error(RsaKey().PublicDer()), HasSubstr("encoding"));
  EXPECT_THAT(Error(absl::Base64Escape(RsaKey().PublicDer()) + "\n"),
              HasSubstr("encoding"));
  EXPECT_THAT(Error(absl::WebSafeBase64Escape(EcKey().PublicDer())),
              HasSubstr("encoding"));
  EXPECT_THAT(Error("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0123456789abcdef"),
              HasSubstr("encoding"));
  EXPECT_THAT(Error("\xef\xbb\xbf" + RsaKey().Jwk().dump().substr(0, 200)),
              HasSubstr("malformed JWK"));
  EXPECT_THAT(Error(RsaKey().PublicPem().substr(0, 300)),
              HasSubstr("malformed PEM"));
}

TEST(KeySetTest, WeakKeysAreRefused) {
  EXPECT_THAT(Error(TestKey::Rsa(1024).PublicPem()), HasSubstr("1024 bits"));
  EXPECT_THAT(Error(TestKey::Rsa(1024).Jwk().dump()), HasSubstr("1024 bits"));
  json jwk = RsaKey().Jwk();
  jwk["e"] = "AQ";
  EXPECT_THAT(Error(jwk.dump()), HasSubstr("exponent"));
  jwk["e"] = "AA";
  EXPECT_THAT(Error(jwk.dump()), HasSubstr("exponent"));
  EXPECT_THAT(Error(TestKey::Ec("P-521").PublicPem()),
              HasSubstr("must use the curve"));
}

TEST(KeySetTest, MalformedKeysAreRefused) {
  EXPECT_EQ(Error(""), "keys.txt: empty");
  Error("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
  EXPECT_THAT(
      Error(
          "-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n"),
      HasSubstr("not a public key"));
  EXPECT_THAT(Error(EcKey().CertificatePem() + EcKey().CertificatePem()),
              HasSubstr("several certificates"));
  Error("{}");
  Error("[]");
  Error(R"({"keys":{}})");
  Error(R"({"keys":[1]})");
  Error(R"({"kty":"RSA"})");
  Error(R"({"kty":1})");
  Error(R"({"kty":"RSA","n":"","e":"AQAB"})");
  Error(R"({"kty":"oct","k":"c2hvcnQ"})");
  json jwk = EcKey().Jwk();
  jwk["y"] = jwk["x"];
  Error(jwk.dump());
  jwk = EcKey().Jwk();
  jwk["crv"] = "P-384";
  Error(jwk.dump());
  jwk = EcKey().Jwk();
  jwk["kid"] = 1;
  Error(jwk.dump());
  jwk = RsaKey().Jwk();
  jwk["n"] = jwk["n"].get<std::string>() + "=";
  Error(jwk.dump());
  jwk = TestKey::Ed25519().Jwk();
  jwk["x"] = "AAAA";
  Error(jwk.dump());
  const std::string text = EcKey().Jwk().dump();
  Error(absl::StrCat("{\"kty\":\"EC\",", text.substr(1)));
}

TEST(KeySetTest, SizeIsBounded) {
  EXPECT_EQ(Must(std::string(KeySet::kMaxTextBytes, 's')).size(), 1u);
  EXPECT_THAT(Error(std::string(KeySet::kMaxTextBytes + 1, 's')),
              HasSubstr("larger than"));
}

TEST(KeySetTest, FilesAreReadTogetherAndErrorsNameThem) {
  const testing::TemporaryDirectory directory;
  const std::string& dir = directory.path();
  const std::string pem = absl::StrCat(dir, "/a.pem");
  const std::string secret = absl::StrCat(dir, "/a.key");
  const std::string weak = absl::StrCat(dir, "/a.weak");
  std::ofstream(pem) << RsaKey().PublicPem();
  std::ofstream(secret) << std::string(40, 's') << "\n";
  std::ofstream(weak) << "weak\n";
  const auto set = KeySet::FromFiles({pem, secret});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->size(), 2u);
  EXPECT_THAT(std::string(KeySet::FromFiles({pem, weak}).status().message()),
              StartsWith(weak + ": "));
  for (const std::string& missing : {dir + "/no-such-file", dir}) {
    const auto error = KeySet::FromFiles({missing}).status();
    EXPECT_EQ(error.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(error.message()), StartsWith(missing + ": "));
  }
}

}  // namespace
}  // namespace sse_bridge
