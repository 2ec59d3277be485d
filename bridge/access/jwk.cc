#include "bridge/access/jwk.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/access/base64url.h"
#include "bridge/access/strict_json.h"

namespace sse_bridge {
namespace {

using nlohmann::json;

// Members that only private keys have.
constexpr absl::string_view kPrivateMembers[] = {"d",  "p",  "q",  "dp",
                                                 "dq", "qi", "oth"};
constexpr size_t kMaxKeyIdBytes = 256;

// Returns the string member `name`, or nullopt if absent.
absl::StatusOr<std::optional<std::string>> StringMember(
    const json& jwk, absl::string_view name) {
  const json* member = FindMember(jwk, name);
  if (member == nullptr) return std::optional<std::string>();
  if (!member->is_string()) {
    return absl::InvalidArgumentError(
        absl::StrCat("JWK: \"", name, "\" is not a string"));
  }
  return std::optional<std::string>(member->get_ref<const std::string&>());
}

// Returns the bytes of the required base64url member `name`.
absl::StatusOr<std::string> BytesMember(const json& jwk,
                                        absl::string_view name) {
  absl::StatusOr<std::optional<std::string>> text = StringMember(jwk, name);
  if (!text.ok()) return text.status();
  if (*text && !(*text)->empty()) {
    std::optional<std::string> bytes = DecodeBase64Url(**text);
    if (bytes) return *std::move(bytes);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("JWK: \"", name, "\" is not base64url"));
}

absl::StatusOr<VerificationKey> ParseEc(const json& jwk) {
  absl::StatusOr<std::optional<std::string>> curve = StringMember(jwk, "crv");
  if (!curve.ok()) return curve.status();
  VerificationKey::Type type;
  if (*curve == "P-256") {
    type = VerificationKey::Type::kP256;
  } else if (*curve == "P-384") {
    type = VerificationKey::Type::kP384;
  } else {
    return absl::UnimplementedError("JWK: \"crv\" is neither P-256 nor P-384");
  }
  absl::StatusOr<std::string> x = BytesMember(jwk, "x");
  if (!x.ok()) return x.status();
  absl::StatusOr<std::string> y = BytesMember(jwk, "y");
  if (!y.ok()) return y.status();
  return VerificationKey::FromEc(type, *x, *y);
}

absl::StatusOr<VerificationKey> ParseOkp(const json& jwk) {
  absl::StatusOr<std::optional<std::string>> curve = StringMember(jwk, "crv");
  if (!curve.ok()) return curve.status();
  if (*curve != "Ed25519") {
    return absl::UnimplementedError("JWK: \"crv\" is not Ed25519");
  }
  absl::StatusOr<std::string> x = BytesMember(jwk, "x");
  if (!x.ok()) return x.status();
  return VerificationKey::FromEd25519(*x);
}

absl::StatusOr<VerificationKey> ParseRsa(const json& jwk) {
  absl::StatusOr<std::string> n = BytesMember(jwk, "n");
  if (!n.ok()) return n.status();
  absl::StatusOr<std::string> e = BytesMember(jwk, "e");
  if (!e.ok()) return e.status();
  return VerificationKey::FromRsa(*n, *e);
}

absl::StatusOr<VerificationKey> ParseOct(const json& jwk) {
  absl::StatusOr<std::string> secret = BytesMember(jwk, "k");
  if (!secret.ok()) return secret.status();
  return VerificationKey::FromSecret(*std::move(secret));
}

absl::StatusOr<VerificationKey> ParseMaterial(const json& jwk) {
  absl::StatusOr<std::optional<std::string>> kty = StringMember(jwk, "kty");
  if (!kty.ok()) return kty.status();
  if (!*kty) return absl::InvalidArgumentError("JWK: \"kty\" is missing");
  if (*kty == "RSA") return ParseRsa(jwk);
  if (*kty == "EC") return ParseEc(jwk);
  if (*kty == "OKP") return ParseOkp(jwk);
  if (*kty == "oct") return ParseOct(jwk);
  return absl::UnimplementedError("JWK: \"kty\" is not RSA, EC, OKP or oct");
}

// Checks whether `use` and `key_ops` allow verifying signatures.
absl::Status CheckUse(const json& jwk) {
  absl::StatusOr<std::optional<std::string>> use = StringMember(jwk, "use");
  if (!use.ok()) return use.status();
  if (*use && *use != "sig") {
    return absl::UnimplementedError("JWK: \"use\" is not sig");
  }
  const json* operations = FindMember(jwk, "key_ops");
  if (operations == nullptr) return absl::OkStatus();
  if (!operations->is_array()) {
    return absl::InvalidArgumentError("JWK: \"key_ops\" is not an array");
  }
  if (std::none_of(operations->begin(), operations->end(),
                   [](const json& name) { return name == "verify"; })) {
    return absl::UnimplementedError("JWK: \"key_ops\" lacks verify");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsPrivateJwk(const json& jwk) {
  return std::any_of(std::begin(kPrivateMembers), std::end(kPrivateMembers),
                     [&jwk](absl::string_view name) {
                       return FindMember(jwk, name) != nullptr;
                     });
}

absl::StatusOr<VerificationKey> ParseJwk(const json& jwk) {
  if (!jwk.is_object()) return absl::InvalidArgumentError("JWK: not an object");
  if (IsPrivateJwk(jwk)) {
    return absl::InvalidArgumentError(
        "JWK: this is a private key; use its public key");
  }
  absl::Status use = CheckUse(jwk);
  if (!use.ok()) return use;

  std::optional<SignatureAlgorithm> algorithm;
  absl::StatusOr<std::optional<std::string>> alg = StringMember(jwk, "alg");
  if (!alg.ok()) return alg.status();
  if (*alg) {
    algorithm = ParseSignatureAlgorithm(**alg);
    if (!algorithm) return absl::UnimplementedError("JWK: unsupported \"alg\"");
  }

  absl::StatusOr<VerificationKey> key = ParseMaterial(jwk);
  if (!key.ok()) return key;
  if (algorithm && !key->RestrictTo(*algorithm)) {
    return absl::InvalidArgumentError(
        "JWK: \"alg\" does not fit the key's type or size");
  }
  absl::StatusOr<std::optional<std::string>> kid = StringMember(jwk, "kid");
  if (!kid.ok()) return kid.status();
  if (*kid) {
    if ((*kid)->size() > kMaxKeyIdBytes) {
      return absl::InvalidArgumentError("JWK: \"kid\" is too long");
    }
    key->set_id(**kid);
  }
  return key;
}

}  // namespace sse_bridge
