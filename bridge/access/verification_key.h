#ifndef SSE_BRIDGE_BRIDGE_ACCESS_VERIFICATION_KEY_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_VERIFICATION_KEY_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/base/openssl_ptr.h"

namespace sse_bridge {

// Supported signature algorithms (RFC 7518 section 3.1, RFC 8037).
enum class SignatureAlgorithm {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kEs256,
  kEs384,
  kEdDsa,
};

// Parses a JOSE name, which is case-sensitive. "none" is not supported.
std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(
    absl::string_view name);

// A key that verifies signatures. Its type determines the possible algorithms,
// whatever a token says: a public key is never used as an HMAC secret. Movable.
// Verify is thread-safe.
class VerificationKey {
 public:
  enum class Type { kSecret, kRsa, kP256, kP384, kEd25519 };

  // Return kInvalidArgument for a key that is weak, malformed or of another
  // type. Numbers and coordinates are big-endian bytes.
  static absl::StatusOr<VerificationKey> FromSecret(std::string secret);
  static absl::StatusOr<VerificationKey> FromPublicKey(EvpPkeyPtr key);
  static absl::StatusOr<VerificationKey> FromRsa(absl::string_view modulus,
                                                 absl::string_view exponent);
  static absl::StatusOr<VerificationKey> FromEc(Type curve, absl::string_view x,
                                                absl::string_view y);
  static absl::StatusOr<VerificationKey> FromEd25519(absl::string_view x);

  Type type() const { return type_; }

  // The key id (`kid`); PEM keys and bare secrets have none.
  const std::optional<std::string>& id() const { return id_; }
  void set_id(std::string id) { id_ = std::move(id); }

  // Allows only `algorithm`. Returns false if the key does not support it.
  bool RestrictTo(SignatureAlgorithm algorithm);

  bool Accepts(SignatureAlgorithm algorithm) const;

  // Returns whether `signature`, encoded as in JOSE, is this key's signature of
  // `data`.
  bool Verify(SignatureAlgorithm algorithm, absl::string_view data,
              absl::string_view signature) const;

 private:
  VerificationKey(Type type, std::string secret, EvpPkeyPtr key)
      : type_(type), secret_(std::move(secret)), key_(std::move(key)) {}

  bool VerifyHmac(SignatureAlgorithm algorithm, absl::string_view data,
                  absl::string_view signature) const;
  bool VerifyDigest(SignatureAlgorithm algorithm, absl::string_view data,
                    absl::string_view signature) const;

  Type type_;
  std::optional<std::string> id_;
  std::optional<SignatureAlgorithm> only_;
  std::string secret_;  // kSecret
  EvpPkeyPtr key_;      // all other types
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_VERIFICATION_KEY_H_
