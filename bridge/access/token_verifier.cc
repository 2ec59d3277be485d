#include "bridge/access/token_verifier.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/base64url.h"
#include "bridge/access/strict_json.h"

namespace sse_bridge {
namespace {

using nlohmann::json;

constexpr int kMaxTokenDepth = 8;
constexpr char kMediaTypePrefix[] = "application/";

// RFC 7515 section 4.1.9: "application/" may be omitted; case is ignored.
absl::string_view ShortType(absl::string_view type) {
  if (absl::StartsWithIgnoreCase(type, kMediaTypePrefix)) {
    type.remove_prefix(sizeof(kMediaTypePrefix) - 1);
  }
  return type;
}

// Other tokens of the same issuer (logout tokens, proofs of possession) must
// not be accepted as access tokens.
bool IsTypeAccepted(const json* type, absl::string_view required) {
  if (type == nullptr) return required.empty();
  if (!type->is_string()) return false;
  const absl::string_view name = ShortType(type->get_ref<const std::string&>());
  if (!required.empty()) {
    return absl::EqualsIgnoreCase(name, ShortType(required));
  }
  return absl::EqualsIgnoreCase(name, "JWT") ||
         absl::EqualsIgnoreCase(name, "at+jwt");
}

struct Header {
  SignatureAlgorithm algorithm;
  std::optional<std::string> kid;
};

// `jku`, `jwk`, `x5u` and `x5c` also identify keys, but the sender chooses
// them, so they are ignored.
TokenError ReadHeader(absl::string_view encoded, absl::string_view required_typ,
                      Header* header) {
  const std::optional<std::string> text = DecodeBase64Url(encoded);
  if (!text) return TokenError::kMalformed;
  const std::optional<json> members =
      ParseStrictJsonObject(*text, kMaxTokenDepth);
  if (!members) return TokenError::kHeader;

  if (FindMember(*members, "crit") != nullptr) return TokenError::kCritical;
  const json* alg = FindMember(*members, "alg");
  if (alg == nullptr || !alg->is_string()) return TokenError::kAlgorithm;
  const std::optional<SignatureAlgorithm> algorithm =
      ParseSignatureAlgorithm(alg->get_ref<const std::string&>());
  if (!algorithm) return TokenError::kAlgorithm;
  header->algorithm = *algorithm;
  if (!IsTypeAccepted(FindMember(*members, "typ"), required_typ)) {
    return TokenError::kType;
  }
  if (const json* kid = FindMember(*members, "kid")) {
    if (!kid->is_string()) return TokenError::kHeader;
    header->kid = kid->get_ref<const std::string&>();
  }
  return TokenError::kNone;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Create(
    Options options) {
  if (options.key_files.empty() && !options.published_keys) {
    return absl::InvalidArgumentError("no key file");
  }
  absl::StatusOr<KeySet> keys = KeySet::FromFiles(options.key_files);
  if (!keys.ok()) return keys.status();
  return CreateWithKeys(std::move(options), *std::move(keys));
}

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::CreateWithKeys(
    Options options, KeySet keys) {
  if (options.claims.leeway < absl::ZeroDuration() ||
      options.claims.leeway > kMaxLeeway) {
    return absl::InvalidArgumentError(
        absl::StrCat("leeway must be 0 to ", absl::FormatDuration(kMaxLeeway)));
  }
  if (options.claims.subject_claim.empty()) {
    return absl::InvalidArgumentError("the name of the subject claim is empty");
  }
  return std::unique_ptr<TokenVerifier>(
      new TokenVerifier(std::move(options), std::move(keys)));
}

TokenVerifier::TokenVerifier(Options options, KeySet keys)
    : options_(std::move(options)),
      keys_(std::make_shared<const KeySet>(std::move(keys))) {}

absl::StatusOr<Identity> TokenVerifier::Verify(absl::string_view token,
                                               absl::Time now,
                                               TokenError* error) const {
  Identity identity;
  absl::string_view encoded;
  TokenError result = VerifySignature(token, &encoded);
  if (result == TokenError::kNone) {
    const std::optional<std::string> text = DecodeBase64Url(encoded);
    const std::optional<json> claims =
        text ? ParseStrictJsonObject(*text, kMaxTokenDepth) : std::nullopt;
    if (!text) {
      result = TokenError::kMalformed;
    } else if (!claims) {
      result = TokenError::kClaims;
    } else {
      result = ReadClaims(*claims, options_.claims, now, &identity);
    }
  }
  if (error != nullptr) *error = result;
  if (result == TokenError::kNone) return identity;
  return absl::UnauthenticatedError(
      result == TokenError::kExpired ? "token expired" : "invalid token");
}

void TokenVerifier::ReplaceKeys(KeySet keys) {
  auto fresh = std::make_shared<const KeySet>(std::move(keys));
  MutexLock lock(&mu_);
  keys_.swap(fresh);
}

absl::Status TokenVerifier::ReloadKeyFiles() {
  absl::StatusOr<KeySet> keys = KeySet::FromFiles(options_.key_files);
  if (!keys.ok()) return keys.status();
  ReplaceKeys(*std::move(keys));
  return absl::OkStatus();
}

void TokenVerifier::SetPublishedKeys(KeySet keys) {
  auto fresh = std::make_shared<const KeySet>(std::move(keys));
  MutexLock lock(&mu_);
  published_.swap(fresh);
}

void TokenVerifier::Keys(std::shared_ptr<const KeySet>* own,
                         std::shared_ptr<const KeySet>* published) const {
  MutexLock lock(&mu_);
  *own = keys_;
  *published = published_;
}

TokenError TokenVerifier::VerifySignature(absl::string_view token,
                                          absl::string_view* claims) const {
  if (token.size() > kMaxTokenBytes) return TokenError::kTooLong;
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  // Exactly two dots, and no empty part.
  if (first == absl::string_view::npos || first == 0 || last == first ||
      token.find('.', first + 1) != last || last == first + 1 ||
      last + 1 == token.size()) {
    return TokenError::kMalformed;
  }
  Header header;
  const TokenError error =
      ReadHeader(token.substr(0, first), options_.required_type, &header);
  if (error != TokenError::kNone) return error;
  const std::optional<std::string> signature =
      DecodeBase64Url(token.substr(last + 1));
  if (!signature) return TokenError::kMalformed;

  std::shared_ptr<const KeySet> own, published;
  Keys(&own, &published);
  std::vector<const VerificationKey*> candidates =
      own->Candidates(header.algorithm, header.kid);
  if (published != nullptr) {
    const auto more = published->Candidates(header.algorithm, header.kid);
    candidates.insert(candidates.end(), more.begin(), more.end());
  }
  if (candidates.empty()) return TokenError::kUnknownKey;
  for (const VerificationKey* key : candidates) {
    if (key->Verify(header.algorithm, token.substr(0, last), *signature)) {
      *claims = token.substr(first + 1, last - first - 1);
      return TokenError::kNone;
    }
  }
  return TokenError::kSignature;
}

}  // namespace sse_bridge
