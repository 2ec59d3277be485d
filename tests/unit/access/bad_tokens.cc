#include "tests/unit/access/bad_tokens.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/unit/access/test_keys.h"

namespace sse_bridge {
namespace {

using nlohmann::json;

// The time for which the tokens are made.
int64_t now_seconds = 0;
int64_t margin_seconds = 0;

// All keys of the verifier, and some unknown ones.
struct Keys {
  TestKey secret = TestKey::Secret("0123456789abcdef0123456789abcdef");
  TestKey rsa = TestKey::Rsa();
  TestKey p256 = TestKey::Ec("P-256");
  TestKey p384 = TestKey::Ec("P-384");
  TestKey ed = TestKey::Ed25519();
  TestKey other_secret = TestKey::Secret("fedcba9876543210fedcba9876543210");
  TestKey other_rsa = TestKey::Rsa();
  TestKey other_p256 = TestKey::Ec("P-256");
  TestKey p521 = TestKey::Ec("P-521");
  TestKey other_ed = TestKey::Ed25519();
};

const Keys& K() {
  static const auto* const keys = new Keys;
  return *keys;
}

json Claims() {
  return {{"iss", "https://issuer.example"},
          {"aud", "bridge"},
          {"sub", "ada"},
          {"exp", now_seconds + 600}};
}

json With(const char* name, json value) {
  json claims = Claims();
  claims[name] = std::move(value);
  return claims;
}

json Without(const char* name) {
  json claims = Claims();
  claims.erase(name);
  return claims;
}

std::string Hs(const json& claims) {
  return MakeToken(K().secret, "HS256", claims);
}
// Claims as text, for values that nlohmann::json cannot represent.
std::string HsText(absl::string_view claims) {
  return MakeToken(K().secret, "HS256", R"({"alg":"HS256"})", claims);
}
std::string HsHeader(absl::string_view header) {
  return MakeToken(K().secret, "HS256", header, Claims().dump());
}
// Valid claims with an additional member, as text.
std::string HsMember(absl::string_view member) {
  return HsText(absl::StrCat("{", member, ",", Claims().dump().substr(1)));
}
std::string Good() { return Hs(Claims()); }
std::string Unsigned(absl::string_view alg) {
  return SigningInput(absl::StrCat("{\"alg\":\"", alg, "\"}"), Claims().dump());
}
std::string Nested(int depth) {
  return absl::StrCat("\"x\":", std::string(depth, '['),
                      std::string(depth, ']'));
}
std::string FlipAt(std::string text, size_t at) {
  text[at] = text[at] == 'A' ? 'B' : 'A';
  return text;
}
std::string Part(const std::string& token, int index) {
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (index == 0) return token.substr(0, first);
  if (index == 1) return token.substr(first + 1, last - first - 1);
  return token.substr(last + 1);
}

}  // namespace

json BadTokenKeys() {
  const std::vector<std::pair<const char*, const TestKey*>> named = {
      {"hmac", &K().secret},
      {"rsa", &K().rsa},
      {"p256", &K().p256},
      {"p384", &K().p384},
      {"ed", &K().ed}};
  json keys = json::array();
  for (const auto& [kid, key] : named) {
    json jwk = key->Jwk();
    jwk["kid"] = kid;
    keys.push_back(jwk);
  }
  return {{"keys", keys}};
}

std::string GoodToken(int64_t now) {
  now_seconds = now;
  return Good();
}

std::string GoodTokenWith(absl::string_view member, int64_t now) {
  now_seconds = now;
  return HsMember(member);
}

std::string ExpiredForgery(int64_t now) {
  now_seconds = now;
  return MakeToken(K().other_secret, "HS256", With("exp", 0));
}

std::vector<BadToken> BadTokens(int64_t now, int64_t margin) {
  now_seconds = now;
  margin_seconds = margin;
  using E = TokenError;
  const std::string good = Good();
  const std::string es_input = Unsigned("ES256");
  const std::string rs_good = MakeToken(K().rsa, "RS256", Claims());
  const std::string es_good = MakeToken(K().p256, "ES256", Claims());
  const std::string ed_good = MakeToken(K().ed, "EdDSA", Claims());
  const TestKey pem_as_secret = TestKey::Secret(K().rsa.PublicPem());
  const TestKey der_as_secret = TestKey::Secret(K().rsa.PublicDer());
  const TestKey n_as_secret =
      TestKey::Secret(K().rsa.Jwk()["n"].get<std::string>());
  const std::string zeros(64, '\0');
  const std::string ones =
      std::string(31, '\0') + "\x01" + std::string(31, '\0') + "\x01";
  json embedded = {{"alg", "RS256"}, {"jwk", K().other_rsa.Jwk()}};
  const auto es_signed_by = [&](const std::string& signature) {
    return absl::StrCat(es_input, ".", EncodeBase64Url(signature));
  };

  return {
      // Shape.
      {"Empty", "", E::kMalformed},
      {"Dot", ".", E::kMalformed},
      {"TwoDots", "..", E::kMalformed},
      {"ThreeDots", "...", E::kMalformed},
      {"OnePart", "abc", E::kMalformed},
      {"TwoParts", Part(good, 0) + "." + Part(good, 1), E::kMalformed},
      {"FourParts", good + ".AAAA", E::kMalformed},
      {"FiveParts", good + ".AAAA.AAAA", E::kMalformed},
      {"LeadingDot", "." + good, E::kMalformed},
      {"EmptyHeader", "." + Part(good, 1) + "." + Part(good, 2), E::kMalformed},
      {"EmptyClaims", Part(good, 0) + ".." + Part(good, 2), E::kMalformed},
      {"EmptySignature", Unsigned("HS256") + ".", E::kMalformed},
      {"Oversized", Hs(With("pad", std::string(8192, 'x'))), E::kTooLong},
      {"OversizedGarbage", std::string(1 << 20, '.'), E::kTooLong},
      {"TruncatedByOne", good.substr(0, good.size() - 1), E::kMalformed},
      {"TruncatedByTwo", good.substr(0, good.size() - 2), E::kMalformed},
      {"TruncatedSignature", good.substr(0, good.size() - 8), E::kSignature},
      {"Doubled", good + good, E::kMalformed},
      {"JsonSerialization",
       R"({"payload":"e30","protected":"e30","signature":"AAAA"})",
       E::kMalformed},

      // Base64url.
      {"PaddedSignature", good + "=", E::kMalformed},
      {"PaddedHeader",
       Part(good, 0) + "=." + Part(good, 1) + "." + Part(good, 2),
       E::kMalformed},
      {"LeadingSpace", " " + good, E::kMalformed},
      {"TrailingSpace", good + " ", E::kMalformed},
      {"TrailingNewline", good + "\n", E::kMalformed},
      {"NewlineInside", good.substr(0, 10) + "\n" + good.substr(10),
       E::kMalformed},
      {"TrailingNul", good + std::string(1, '\0'), E::kMalformed},
      {"PercentEncodedDot", absl::StrReplaceAll(good, {{".", "%2E"}}),
       E::kMalformed},
      {"StandardAlphabet",
       es_signed_by(std::string(64, '\xff'))
           .replace(es_input.size() + 1, 4, "////"),
       E::kMalformed},
      {"LooseTrailingBits",
       SigningInput(R"({"alg":"HS256"})", "{}") + "." + std::string(42, 'A') +
           "B",
       E::kMalformed},
      {"FullWidthDot", absl::StrReplaceAll(good, {{".", "\xef\xbc\x8e"}}),
       E::kMalformed},
      {"FullWidthLetter", "\xef\xbd\x85" + good.substr(1), E::kMalformed},
      {"ZeroWidthSpace", good + "\xe2\x80\x8b", E::kMalformed},
      {"ByteOrderMark", "\xef\xbb\xbf" + good, E::kMalformed},

      // Header.
      {"HeaderNotJson", HsHeader("alg=HS256"), E::kHeader},
      {"HeaderArray", HsHeader(R"([{"alg":"HS256"}])"), E::kHeader},
      {"HeaderString", HsHeader(R"("HS256")"), E::kHeader},
      {"HeaderNull", HsHeader("null"), E::kHeader},
      {"HeaderByteOrderMark", HsHeader("\xef\xbb\xbf{\"alg\":\"HS256\"}"),
       E::kHeader},
      {"HeaderTrailingText", HsHeader(R"({"alg":"HS256"}x)"), E::kHeader},
      {"HeaderDuplicateAlg", HsHeader(R"({"alg":"none","alg":"HS256"})"),
       E::kHeader},
      {"HeaderDuplicateEscapedAlg",
       HsHeader(R"({"alg":"HS256","\u0061lg":"none"})"), E::kHeader},
      {"HeaderInvalidUtf8", HsHeader("{\"alg\":\"HS256\",\"x\":\"\xff\"}"),
       E::kHeader},
      {"HeaderTooDeep", HsHeader("{\"alg\":\"HS256\"," + Nested(50) + "}"),
       E::kHeader},
      {"CritUnknown", HsHeader(R"({"alg":"HS256","crit":["exp"],"exp":1})"),
       E::kCritical},
      {"CritB64", HsHeader(R"({"alg":"HS256","crit":["b64"],"b64":false})"),
       E::kCritical},
      {"CritEmpty", HsHeader(R"({"alg":"HS256","crit":[]})"), E::kCritical},
      {"CritNull", HsHeader(R"({"alg":"HS256","crit":null})"), E::kCritical},
      {"TypOther", HsHeader(R"({"alg":"HS256","typ":"dpop+jwt"})"), E::kType},
      {"TypLogout", HsHeader(R"({"alg":"HS256","typ":"logout+jwt"})"),
       E::kType},
      {"TypNumber", HsHeader(R"({"alg":"HS256","typ":1})"), E::kType},
      {"TypEmpty", HsHeader(R"({"alg":"HS256","typ":""})"), E::kType},
      {"TypLookalike", HsHeader("{\"alg\":\"HS256\",\"typ\":\"\xd0\x88WT\"}"),
       E::kType},
      {"KidUnknown", HsHeader(R"({"alg":"HS256","kid":"nobody"})"),
       E::kUnknownKey},
      {"KidOfAnotherType", HsHeader(R"({"alg":"HS256","kid":"rsa"})"),
       E::kUnknownKey},
      {"KidPath", HsHeader(R"({"alg":"HS256","kid":"../../dev/null"})"),
       E::kUnknownKey},
      {"KidInjection", HsHeader(R"({"alg":"HS256","kid":"x' OR '1'='1"})"),
       E::kUnknownKey},
      {"KidOtherCase", HsHeader(R"({"alg":"HS256","kid":"HMAC"})"),
       E::kUnknownKey},
      {"KidWithNul", HsHeader(R"({"alg":"HS256","kid":"hmac\u0000"})"),
       E::kUnknownKey},
      {"KidEmpty", HsHeader(R"({"alg":"HS256","kid":""})"), E::kUnknownKey},
      {"KidNumber", HsHeader(R"({"alg":"HS256","kid":1})"), E::kHeader},
      {"KidArray", HsHeader(R"({"alg":"HS256","kid":["hmac"]})"), E::kHeader},
      {"KidNull", HsHeader(R"({"alg":"HS256","kid":null})"), E::kHeader},

      // Algorithm.
      {"NoneWithoutSignature", Unsigned("none") + ".", E::kMalformed},
      {"NoneWithSignature", Unsigned("none") + ".AAAA", E::kAlgorithm},
      {"NoneWithHmac", HsHeader(R"({"alg":"none"})"), E::kAlgorithm},
      {"NoneInOtherCase", HsHeader(R"({"alg":"nOnE"})"), E::kAlgorithm},
      {"AlgMissing", HsHeader("{}"), E::kAlgorithm},
      {"AlgEmpty", HsHeader(R"({"alg":""})"), E::kAlgorithm},
      {"AlgNull", HsHeader(R"({"alg":null})"), E::kAlgorithm},
      {"AlgNumber", HsHeader(R"({"alg":256})"), E::kAlgorithm},
      {"AlgArray", HsHeader(R"({"alg":["HS256"]})"), E::kAlgorithm},
      {"AlgLowerCase", HsHeader(R"({"alg":"hs256"})"), E::kAlgorithm},
      {"AlgTrailingSpace", HsHeader(R"({"alg":"HS256 "})"), E::kAlgorithm},
      {"AlgWithNul", HsHeader(R"({"alg":"HS256\u0000"})"), E::kAlgorithm},
      {"AlgUnknown", HsHeader(R"({"alg":"HS1"})"), E::kAlgorithm},
      {"AlgEncryption", HsHeader(R"({"alg":"dir","enc":"A256GCM"})"),
       E::kAlgorithm},
      {"Es512", MakeToken(K().p521, "ES512", Claims()), E::kAlgorithm},
      {"RsHsConfusionPem", MakeToken(pem_as_secret, "HS256", Claims()),
       E::kSignature},
      {"RsHsConfusionDer", MakeToken(der_as_secret, "HS256", Claims()),
       E::kSignature},
      {"RsHsConfusionModulus", MakeToken(n_as_secret, "HS256", Claims()),
       E::kSignature},
      {"RsHsConfusionWithKid",
       MakeToken(pem_as_secret, "HS256", R"({"alg":"HS256","kid":"rsa"})",
                 Claims().dump()),
       E::kUnknownKey},
      {"Hs512WithAShortSecret", MakeToken(K().secret, "HS512", Claims()),
       E::kUnknownKey},
      {"Hs384SaysHs256",
       MakeToken(K().secret, "HS384", R"({"alg":"HS256"})", Claims().dump()),
       E::kSignature},
      {"Rs256SaysPs256",
       MakeToken(K().rsa, "RS256", R"({"alg":"PS256"})", Claims().dump()),
       E::kSignature},
      {"Ps256SaysRs256",
       MakeToken(K().rsa, "PS256", R"({"alg":"RS256"})", Claims().dump()),
       E::kSignature},
      {"Rs256SaysRs512",
       MakeToken(K().rsa, "RS256", R"({"alg":"RS512"})", Claims().dump()),
       E::kSignature},
      {"P384SaysEs256",
       MakeToken(K().p384, "ES384", R"({"alg":"ES256"})", Claims().dump()),
       E::kSignature},
      {"P256SaysEs384",
       MakeToken(K().p256, "ES256", R"({"alg":"ES384"})", Claims().dump()),
       E::kSignature},
      {"EdSaysEs256",
       MakeToken(K().ed, "EdDSA", R"({"alg":"ES256"})", Claims().dump()),
       E::kSignature},

      // Signature.
      {"OtherSecret", MakeToken(K().other_secret, "HS256", Claims()),
       E::kSignature},
      {"EmptySecret", MakeToken(TestKey::Secret(""), "HS256", Claims()),
       E::kSignature},
      {"OtherRsa", MakeToken(K().other_rsa, "RS256", Claims()), E::kSignature},
      {"OtherEc", MakeToken(K().other_p256, "ES256", Claims()), E::kSignature},
      {"OtherEd", MakeToken(K().other_ed, "EdDSA", Claims()), E::kSignature},
      {"EmbeddedJwk",
       MakeToken(K().other_rsa, "RS256", embedded.dump(), Claims().dump()),
       E::kSignature},
      {"Jku",
       MakeToken(K().other_rsa, "RS256",
                 R"({"alg":"RS256","jku":"http://127.0.0.1:1/jwks"})",
                 Claims().dump()),
       E::kSignature},
      {"X5u",
       MakeToken(K().other_rsa, "RS256",
                 R"({"alg":"RS256","x5u":"http://127.0.0.1:1/cert"})",
                 Claims().dump()),
       E::kSignature},
      {"ChangedHeader",
       EncodeBase64Url(R"({"alg":"HS256","typ":"JWT"})") + "." + Part(good, 1) +
           "." + Part(good, 2),
       E::kSignature},
      {"ChangedClaims",
       Part(good, 0) + "." + EncodeBase64Url(With("sub", "root").dump()) + "." +
           Part(good, 2),
       E::kSignature},
      {"ChangedHmac", FlipAt(good, good.size() - 10), E::kSignature},
      {"ChangedRsa", FlipAt(rs_good, rs_good.size() - 10), E::kSignature},
      {"ChangedEd", FlipAt(ed_good, ed_good.size() - 10), E::kSignature},
      {"ZeroHmac", Unsigned("HS256") + "." + EncodeBase64Url(zeros.substr(32)),
       E::kSignature},
      {"LongerHmac", Unsigned("HS256") + "." + EncodeBase64Url(zeros),
       E::kSignature},
      {"ShortRsa", Unsigned("RS256") + "." + EncodeBase64Url(zeros),
       E::kSignature},
      {"EsInDer", es_signed_by(K().p256.SignRaw("ES256", es_input)),
       E::kSignature},
      {"EsZero", es_signed_by(zeros), E::kSignature},
      {"EsOnes", es_signed_by(ones), E::kSignature},
      {"EsMaximum", es_signed_by(std::string(64, '\xff')), E::kSignature},
      {"EsShort", es_signed_by(K().p256.Sign("ES256", es_input).substr(1)),
       E::kSignature},
      {"EsLong",
       es_signed_by(std::string(1, '\0') + K().p256.Sign("ES256", es_input)),
       E::kSignature},
      {"EsPaddedHalves",
       es_signed_by(std::string(1, '\0') +
                    K().p256.Sign("ES256", es_input).substr(0, 32) +
                    std::string(1, '\0') +
                    K().p256.Sign("ES256", es_input).substr(32)),
       E::kSignature},
      {"EsOneByte", es_signed_by("x"), E::kSignature},
      {"EsSwappedHalves",
       es_signed_by(K().p256.Sign("ES256", es_input).substr(32) +
                    K().p256.Sign("ES256", es_input).substr(0, 32)),
       E::kSignature},
      {"EsOfOtherClaims", Unsigned("ES256") + "0." + Part(es_good, 2),
       E::kSignature},
      {"EdZero", Unsigned("EdDSA") + "." + EncodeBase64Url(zeros),
       E::kSignature},

      // Claims as JSON.
      {"ClaimsNotJson", HsText("sub=ada"), E::kClaims},
      {"ClaimsArray", HsText("[" + Claims().dump() + "]"), E::kClaims},
      {"ClaimsString", HsText("\"ada\""), E::kClaims},
      {"ClaimsNested", HsText(EncodeBase64Url(Claims().dump())), E::kClaims},
      {"ClaimsNotBase64",
       [] {
         const std::string input =
             EncodeBase64Url(R"({"alg":"HS256"})") + ".e30=";
         return input + "." + EncodeBase64Url(K().secret.Sign("HS256", input));
       }(),
       E::kMalformed},
      {"DuplicateSub", HsMember(R"("sub":"root")"), E::kClaims},
      {"DuplicateExp", HsMember(R"("exp":9999999999)"), E::kClaims},
      {"DuplicateEscapedSub", HsMember(R"("\u0073ub":"root")"), E::kClaims},
      {"DuplicateNested", HsMember(R"("x":{"a":1,"a":2})"), E::kClaims},
      {"TooDeep", HsMember(Nested(8)), E::kClaims},
      {"MuchTooDeep", HsMember(Nested(2000)), E::kClaims},
      {"NotANumber", HsMember(R"("nbf":NaN)"), E::kClaims},
      {"InfiniteNumber", HsMember(R"("nbf":Infinity)"), E::kClaims},
      {"OverflowingNumber", HsMember(R"("nbf":1e999)"), E::kClaims},
      {"InvalidUtf8", HsMember("\"x\":\"\xc0\xaf\""), E::kClaims},
      {"LoneSurrogate", HsMember(R"("x":"\ud800")"), E::kClaims},
      {"Comment", HsMember("/**/\"x\":1"), E::kClaims},
      {"TrailingComma", HsMember(R"("x":1,)"), E::kClaims},

      // Times.
      {"Expired", Hs(With("exp", now_seconds - 31)), E::kExpired},
      {"ExpiredAtTheLeeway", Hs(With("exp", now_seconds - 30)), E::kExpired},
      {"ExpiredLongAgo", Hs(With("exp", 0)), E::kExpired},
      {"ExpMissing", Hs(Without("exp")), E::kClaims},
      {"ExpNull", Hs(With("exp", nullptr)), E::kClaims},
      {"ExpString", Hs(With("exp", std::to_string(now_seconds + 600))),
       E::kClaims},
      {"ExpDate", Hs(With("exp", "2099-01-01T00:00:00Z")), E::kClaims},
      {"ExpTrue", Hs(With("exp", true)), E::kClaims},
      {"ExpArray", Hs(With("exp", {now_seconds + 600})), E::kClaims},
      {"ExpNegative", Hs(With("exp", -1)), E::kClaims},
      {"ExpMilliseconds", Hs(With("exp", (now_seconds + 600) * 1000)),
       E::kClaims},
      {"ExpHuge", Hs(With("exp", UINT64_MAX)), E::kClaims},
      {"ExpHugeFloat", Hs(With("exp", 1e300)), E::kClaims},
      {"ExpNan", Hs(With("exp", "NaN")), E::kClaims},
      {"NotYetValid", Hs(With("nbf", now_seconds + margin_seconds + 31)),
       E::kNotYetValid},
      {"NbfString", Hs(With("nbf", "0")), E::kClaims},
      {"IssuedInTheFuture", Hs(With("iat", now_seconds + margin_seconds + 31)),
       E::kNotYetValid},
      {"IatString", Hs(With("iat", "now")), E::kClaims},

      // Issuer and audience.
      {"IssMissing", Hs(Without("iss")), E::kIssuer},
      {"IssOther", Hs(With("iss", "https://evil.example")), E::kIssuer},
      {"IssWithSlash", Hs(With("iss", "https://issuer.example/")), E::kIssuer},
      {"IssOtherCase", Hs(With("iss", "https://ISSUER.example")), E::kIssuer},
      {"IssLookalike", Hs(With("iss", "https://i\xd1\x95suer.example")),
       E::kIssuer},
      {"IssArray", Hs(With("iss", {"https://issuer.example"})), E::kClaims},
      {"AudMissing", Hs(Without("aud")), E::kAudience},
      {"AudOther", Hs(With("aud", "other")), E::kAudience},
      {"AudPrefix", Hs(With("aud", "bridge2")), E::kAudience},
      {"AudEmptyArray", Hs(With("aud", json::array())), E::kAudience},
      {"AudOtherArray", Hs(With("aud", {"other", "BRIDGE"})), E::kAudience},
      {"AudNestedArray", Hs(With("aud", json::parse(R"([["bridge"]])"))),
       E::kClaims},
      {"AudObject", Hs(With("aud", {{"bridge", true}})), E::kClaims},
      {"AudNumber", Hs(With("aud", json::parse(R"(["bridge",1])"))),
       E::kClaims},
      {"AudNull", Hs(With("aud", nullptr)), E::kClaims},

      // Subject, scopes, roles, id.
      {"SubMissing", Hs(Without("sub")), E::kSubject},
      {"SubEmpty", Hs(With("sub", "")), E::kSubject},
      {"SubNull", Hs(With("sub", nullptr)), E::kSubject},
      {"SubNumber", Hs(With("sub", 7)), E::kSubject},
      {"SubArray", Hs(With("sub", {"ada"})), E::kSubject},
      {"SubTooLong", Hs(With("sub", std::string(257, 'a'))), E::kSubject},
      {"SubNewline", Hs(With("sub", "ada\r\nX-Role: admin")), E::kSubject},
      {"SubNul", Hs(With("sub", std::string("ada\0root", 8))), E::kSubject},
      {"SubDelete", Hs(With("sub", "ada\x7f")), E::kSubject},
      {"SubNextLine", Hs(With("sub", "ada\xc2\x85")), E::kSubject},
      {"SubLineSeparator", Hs(With("sub", "ada\xe2\x80\xa8")), E::kSubject},
      {"SubRightToLeft",
       Hs(With("sub",
               "\xe2\x80\xae"
               "ada")),
       E::kSubject},
      {"SubZeroWidth",
       Hs(With("sub",
               "a\xe2\x80\x8b"
               "da")),
       E::kSubject},
      {"SubByteOrderMark",
       Hs(With("sub",
               "\xef\xbb\xbf"
               "ada")),
       E::kSubject},
      {"SubTagCharacter", Hs(With("sub", "ada\xf3\xa0\x81\xa1")), E::kSubject},
      {"ScopeNumber", Hs(With("scope", 1)), E::kClaims},
      {"ScopeNull", Hs(With("scope", nullptr)), E::kClaims},
      {"ScopeObject", Hs(With("scope", {{"a", true}})), E::kClaims},
      {"ScopeNestedArray", Hs(With("scope", json::parse(R"([["a"]])"))),
       E::kClaims},
      {"ScopeNumbers", Hs(With("scope", {1, 2})), E::kClaims},
      {"ScopeNewline", Hs(With("scope", "a\nb")), E::kClaims},
      {"ScopeEmptyName", Hs(With("scope", json::parse(R"([""])"))), E::kClaims},
      {"RolesTrue", Hs(With("roles", true)), E::kClaims},
      {"RolesObjects", Hs(With("roles", json::parse(R"([{"name":"admin"}])"))),
       E::kClaims},
      {"RolesControl", Hs(With("roles", json::parse(R"(["a\u0000"])"))),
       E::kClaims},
      {"JtiNumber", Hs(With("jti", 1)), E::kClaims},
      {"JtiTooLong", Hs(With("jti", std::string(257, 'j'))), E::kClaims},
      {"JtiNewline", Hs(With("jti", "a\nb")), E::kClaims},
  };
}

}  // namespace sse_bridge
