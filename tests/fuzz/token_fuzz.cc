// Fuzzes what reads a token and its keys. The first byte says which part:
// a token as it is; claims or a header that are signed first, so that the
// parser behind the signature is reached; a key file; where a token is found.
#include <openssl/hmac.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/access/token_source.h"
#include "bridge/access/token_verifier.h"

namespace sse_bridge {
namespace {

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
constexpr char kKeys[] = R"({"keys":[
  {"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"},
  {"kty":"EC","crv":"P-256","kid":"ec",
   "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
   "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
  {"kty":"OKP","crv":"Ed25519",
   "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";

void Require(bool condition) {
  if (!condition) std::abort();
}

const TokenVerifier& Verifier() {
  static const TokenVerifier* const verifier = [] {
    TokenVerifier::Options options;
    options.claims.roles_claim = "realm_access.roles";
    options.claims.require_expiry = false;
    return TokenVerifier::CreateWithKeys(options, *KeySet::Parse(kKeys, "keys"))
        ->release();
  }();
  return *verifier;
}

std::string Signed(absl::string_view header, absl::string_view claims) {
  const std::string input = absl::StrCat(absl::WebSafeBase64Escape(header), ".",
                                         absl::WebSafeBase64Escape(claims));
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), kSecret, sizeof(kSecret) - 1,
       reinterpret_cast<const unsigned char*>(input.data()), input.size(),
       mac.data(), &size);
  return absl::StrCat(input, ".",
                      absl::WebSafeBase64Escape(absl::string_view(
                          reinterpret_cast<char*>(mac.data()), size)));
}

void Verify(absl::string_view token) {
  const absl::Time now = absl::FromUnixSeconds(1700000000);
  TokenError error = TokenError::kNone;
  const absl::StatusOr<Identity> identity =
      Verifier().Verify(token, now, &error);
  Require(identity.ok() == (error == TokenError::kNone));
  if (!identity.ok()) {
    Require(identity.status().code() == absl::StatusCode::kUnauthenticated);
    return;
  }
  Require(!identity->subject.empty() && identity->subject.size() <= 256);
  for (char c : identity->subject) {
    Require(static_cast<unsigned char>(c) >= 0x20);
  }
  Require(identity->expires > now);
}

void FindIn(absl::string_view text) {
  const size_t half = text.find('\n');
  TokenParts parts;
  parts.authorization = text.substr(0, half);
  if (half != absl::string_view::npos) parts.cookie = text.substr(half + 1);
  const TokenSourceOptions options = {"session", false};
  const absl::StatusOr<FoundToken> found = FindToken(parts, options);
  if (!found.ok()) return;
  Require((found->origin == TokenOrigin::kNowhere) == found->token.empty());
}

}  // namespace
}  // namespace sse_bridge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view text(reinterpret_cast<const char*>(data) + 1,
                               size - 1);
  switch (data[0]) {
    case 'c':
      sse_bridge::Verify(sse_bridge::Signed(R"({"alg":"HS256"})", text));
      break;
    case 'h':
      sse_bridge::Verify(sse_bridge::Signed(text, R"({"sub":"ada"})"));
      break;
    case 'k':
      (void)sse_bridge::KeySet::Parse(text, "fuzz");
      break;
    case 's':
      sse_bridge::FindIn(text);
      break;
    default:
      sse_bridge::Verify(text);
  }
  return 0;
}
