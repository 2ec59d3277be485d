#ifndef SSE_BRIDGE_BRIDGE_ACCESS_KEY_SET_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_KEY_SET_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/access/verification_key.h"

namespace sse_bridge {

// The keys that verify tokens. Immutable and thread-safe.
//
// A text contains one of:
// - PEM: public keys (RSA, EC P-256 and P-384, Ed25519), or one certificate.
//   Only the certificate's key is used; dates and chain are not checked;
// - a JWK or JWKS in JSON (RFC 7517), kty RSA, EC, OKP or oct;
// - otherwise a bare HMAC secret: all bytes except one trailing newline.
// If a text has several keys, unusable ones (for another use, of an unknown
// type, weak, malformed) are logged and skipped; having no usable key is an
// error. Private keys are rejected because a verifier does not need them. So is
// text that looks like a public key in an unsupported encoding (DER, bare
// base64, SSH): if it were used as a secret, everybody could sign tokens.
class KeySet {
 public:
  // Limits for one text, and for all texts together.
  static constexpr size_t kMaxTextBytes = 256 * 1024;
  static constexpr size_t kMaxKeys = 64;

  // Maximum number of keys tried per token.
  static constexpr size_t kMaxCandidates = 16;

  // Errors name the file. Returns kNotFound if a file cannot be read.
  static absl::StatusOr<KeySet> FromFiles(
      const std::vector<std::string>& files);

  // `name` is the source of `text`, for error messages.
  static absl::StatusOr<KeySet> Parse(absl::string_view text,
                                      absl::string_view name);

  // Parses keys published at a URL. Accepts only a JWKS, so that an error page
  // is not taken for a secret. Secrets and private keys in it are public
  // knowledge and are skipped; so are keys beyond kMaxKeys.
  static absl::StatusOr<KeySet> ParsePublished(absl::string_view text,
                                               absl::string_view name);

  size_t size() const { return keys_.size(); }

  // Returns the keys that may have signed a token with this `alg` and `kid`:
  // those with that id or, if there are none, those without an id. Without
  // `kid`, any key. At most kMaxCandidates, in the order of the files.
  std::vector<const VerificationKey*> Candidates(
      SignatureAlgorithm algorithm,
      const std::optional<std::string>& kid) const;

 private:
  KeySet() = default;

  class LeftOut;  // unusable keys of a text

  absl::Status AddText(absl::string_view text, LeftOut* left_out);
  absl::Status AddPem(absl::string_view text, LeftOut* left_out);
  absl::Status AddJson(absl::string_view text, bool published,
                       LeftOut* left_out);
  absl::Status AddSecret(absl::string_view text);
  absl::Status Add(absl::StatusOr<VerificationKey> key);

  std::vector<VerificationKey> keys_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_KEY_SET_H_
