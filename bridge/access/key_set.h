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

// The keys that tokens are verified with. Immutable once built, then safe from
// any thread.
//
// A text holds one of:
// - PEM: public keys (RSA, EC P-256 and P-384, Ed25519), or one certificate,
//   of which only the key is used: neither dates nor chain are looked at;
// - a JWK or JWKS in JSON (RFC 7517), kty RSA, EC, OKP or oct;
// - else a bare HMAC secret: every byte but one trailing newline.
// Where a text has several keys, one that cannot be used (for another use, of
// an unknown kind, weak, malformed) is logged and left out; an error is that
// none is left. Private keys are refused: a verifier has no need of one. So is
// what looks like a public key in an encoding that is not read (DER, bare
// base64, SSH), because taken as a secret it would let everybody sign.
class KeySet {
 public:
  // Bounds of one text, and of all together.
  static constexpr size_t kMaxTextBytes = 256 * 1024;
  static constexpr size_t kMaxKeys = 64;

  // How many keys are tried for one token.
  static constexpr size_t kMaxCandidates = 16;

  // Errors name the file. NotFound when one cannot be read.
  static absl::StatusOr<KeySet> FromFiles(
      const std::vector<std::string>& files);

  // `name` says in errors where `text` is from.
  static absl::StatusOr<KeySet> Parse(absl::string_view text,
                                      absl::string_view name);

  // Keys that a URL published: a JWKS and nothing else, so that an error page
  // is not taken for a secret. Secrets and private keys in it are known to
  // everybody, and left out; so is what comes after kMaxKeys keys.
  static absl::StatusOr<KeySet> ParsePublished(absl::string_view text,
                                               absl::string_view name);

  size_t size() const { return keys_.size(); }

  // The keys that may have made a token with this `alg` and `kid`: those with
  // that id; failing these, those that have no id. A token without `kid` may
  // be from any key. At most kMaxCandidates, in the order of the files.
  std::vector<const VerificationKey*> Candidates(
      SignatureAlgorithm algorithm,
      const std::optional<std::string>& kid) const;

 private:
  KeySet() = default;

  class LeftOut;  // the keys of a text that cannot be used

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
