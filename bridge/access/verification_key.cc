#include "bridge/access/verification_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// RFC 7518 section 3.2: a secret has at least as many bytes as the hash.
constexpr size_t kMinSecretBytes = 32;
// RFC 7518 section 3.3 (bits). The upper bound keeps verification cheap.
constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;
constexpr size_t kEd25519Bytes = 32;
constexpr size_t kEd25519SignatureBytes = 64;

struct AlgorithmName {
  absl::string_view name;
  SignatureAlgorithm algorithm;
};
constexpr AlgorithmName kAlgorithmNames[] = {
    {"HS256", SignatureAlgorithm::kHs256},
    {"HS384", SignatureAlgorithm::kHs384},
    {"HS512", SignatureAlgorithm::kHs512},
    {"RS256", SignatureAlgorithm::kRs256},
    {"RS384", SignatureAlgorithm::kRs384},
    {"RS512", SignatureAlgorithm::kRs512},
    {"PS256", SignatureAlgorithm::kPs256},
    {"ES256", SignatureAlgorithm::kEs256},
    {"ES384", SignatureAlgorithm::kEs384},
    {"EdDSA", SignatureAlgorithm::kEdDsa},
};

using Type = VerificationKey::Type;

Type TypeOf(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kHs256:
    case SignatureAlgorithm::kHs384:
    case SignatureAlgorithm::kHs512:
      return Type::kSecret;
    case SignatureAlgorithm::kRs256:
    case SignatureAlgorithm::kRs384:
    case SignatureAlgorithm::kRs512:
    case SignatureAlgorithm::kPs256:
      return Type::kRsa;
    case SignatureAlgorithm::kEs256:
      return Type::kP256;
    case SignatureAlgorithm::kEs384:
      return Type::kP384;
    case SignatureAlgorithm::kEdDsa:
      break;
  }
  return Type::kEd25519;
}

// Returns the hash of `algorithm`; null for EdDSA, which has its own.
const EVP_MD* Hash(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kHs256:
    case SignatureAlgorithm::kRs256:
    case SignatureAlgorithm::kPs256:
    case SignatureAlgorithm::kEs256:
      return EVP_sha256();
    case SignatureAlgorithm::kHs384:
    case SignatureAlgorithm::kRs384:
    case SignatureAlgorithm::kEs384:
      return EVP_sha384();
    case SignatureAlgorithm::kHs512:
    case SignatureAlgorithm::kRs512:
      return EVP_sha512();
    case SignatureAlgorithm::kEdDsa:
      break;
  }
  return nullptr;
}

size_t CoordinateBytes(Type curve) { return curve == Type::kP256 ? 32 : 48; }

BignumPtr Number(absl::string_view big_endian) {
  return BignumPtr(BN_bin2bn(OpenSslBytes(big_endian),
                             static_cast<int>(big_endian.size()), nullptr));
}

// Converts a JOSE signature, which concatenates r and s, each as long as the
// curve's order (RFC 7518 section 3.4), to DER for OpenSSL. Returns an empty
// string if the length is wrong.
std::string EcSignatureToDer(absl::string_view signature, size_t coordinate) {
  if (signature.size() != 2 * coordinate) return {};
  EcdsaSigPtr pair(ECDSA_SIG_new());
  BignumPtr r = Number(signature.substr(0, coordinate));
  BignumPtr s = Number(signature.substr(coordinate));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) {
    return {};
  }
  // The pair now owns them.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return {};
  std::string result(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return result;
}

EvpPkeyPtr FromData(const char* type, OSSL_PARAM_BLD* builder) {
  ParamPtr params(OSSL_PARAM_BLD_to_param(builder));
  EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        params.get()) != 1) {
    return nullptr;
  }
  return EvpPkeyPtr(key);
}

absl::Status CheckRsa(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return absl::InvalidArgumentError(
        absl::StrCat("RSA key of ", bits, " bits, must have ", kMinRsaBits,
                     " to ", kMaxRsaBits));
  }
  // With an exponent of 1, anybody can sign.
  BIGNUM* exponent = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent);
  BignumPtr owned(exponent);
  if (!owned || !BN_is_odd(owned.get()) || BN_is_one(owned.get())) {
    return absl::InvalidArgumentError("RSA key with an invalid exponent");
  }
  return absl::OkStatus();
}

std::optional<Type> CurveOf(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
                                     name.data(), name.size(), &size) != 1) {
    return std::nullopt;
  }
  const absl::string_view group(name.data(), size);
  if (group == SN_X9_62_prime256v1 || group == "P-256") return Type::kP256;
  if (group == SN_secp384r1 || group == "P-384") return Type::kP384;
  return std::nullopt;
}

}  // namespace

std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(
    absl::string_view name) {
  for (const AlgorithmName& entry : kAlgorithmNames) {
    if (entry.name == name) return entry.algorithm;
  }
  return std::nullopt;
}

absl::StatusOr<VerificationKey> VerificationKey::FromSecret(
    std::string secret) {
  if (secret.size() < kMinSecretBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("secret of ", secret.size(), " bytes, must have at least ",
                     kMinSecretBytes));
  }
  return VerificationKey(Type::kSecret, std::move(secret), nullptr);
}

absl::StatusOr<VerificationKey> VerificationKey::FromPublicKey(EvpPkeyPtr key) {
  OpenSslErrorScope errors;
  if (key == nullptr) return absl::InvalidArgumentError("malformed public key");
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA: {
      absl::Status status = CheckRsa(key.get());
      if (!status.ok()) return status;
      return VerificationKey(Type::kRsa, {}, std::move(key));
    }
    case EVP_PKEY_EC: {
      const std::optional<Type> curve = CurveOf(key.get());
      if (!curve) {
        return absl::InvalidArgumentError(
            "EC key must use the curve P-256 or P-384");
      }
      EvpPkeyCtxPtr context(
          EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
      if (!context || EVP_PKEY_public_check(context.get()) != 1) {
        return absl::InvalidArgumentError("EC key is not a point of its curve");
      }
      return VerificationKey(*curve, {}, std::move(key));
    }
    case EVP_PKEY_ED25519:
      return VerificationKey(Type::kEd25519, {}, std::move(key));
    default:
      return absl::InvalidArgumentError(
          "public key must be of type RSA, EC or Ed25519");
  }
}

absl::StatusOr<VerificationKey> VerificationKey::FromRsa(
    absl::string_view modulus, absl::string_view exponent) {
  OpenSslErrorScope errors;
  if (modulus.size() > kMaxRsaBits / 8 + 1 ||
      exponent.size() > kMaxRsaBits / 8) {
    return absl::InvalidArgumentError("RSA key is too large");
  }
  ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  BignumPtr n = Number(modulus);
  BignumPtr e = Number(exponent);
  if (!builder || !n || !e ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) !=
          1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) !=
          1) {
    return absl::InvalidArgumentError("malformed RSA key");
  }
  return FromPublicKey(FromData("RSA", builder.get()));
}

absl::StatusOr<VerificationKey> VerificationKey::FromEc(Type curve,
                                                        absl::string_view x,
                                                        absl::string_view y) {
  OpenSslErrorScope errors;
  // RFC 7518 section 6.2.1.2: full length, including leading zeros.
  const size_t coordinate = CoordinateBytes(curve);
  if (x.size() != coordinate || y.size() != coordinate) {
    return absl::InvalidArgumentError("EC key with coordinates of wrong size");
  }
  const std::string point = absl::StrCat("\x04", x, y);
  ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(
          builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
          curve == Type::kP256 ? SN_X9_62_prime256v1 : SN_secp384r1, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                       point.data(), point.size()) != 1) {
    return absl::InvalidArgumentError("malformed EC key");
  }
  return FromPublicKey(FromData("EC", builder.get()));
}

absl::StatusOr<VerificationKey> VerificationKey::FromEd25519(
    absl::string_view x) {
  OpenSslErrorScope errors;
  if (x.size() != kEd25519Bytes) {
    return absl::InvalidArgumentError("Ed25519 key of wrong size");
  }
  return FromPublicKey(EvpPkeyPtr(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, OpenSslBytes(x), x.size())));
}

bool VerificationKey::RestrictTo(SignatureAlgorithm algorithm) {
  if (!Accepts(algorithm)) return false;
  only_ = algorithm;
  return true;
}

bool VerificationKey::Accepts(SignatureAlgorithm algorithm) const {
  if (TypeOf(algorithm) != type_) return false;
  if (only_ && *only_ != algorithm) return false;
  return type_ != Type::kSecret ||
         secret_.size() >=
             static_cast<size_t>(EVP_MD_get_size(Hash(algorithm)));
}

bool VerificationKey::Verify(SignatureAlgorithm algorithm,
                             absl::string_view data,
                             absl::string_view signature) const {
  if (!Accepts(algorithm)) return false;
  OpenSslErrorScope errors;
  return type_ == Type::kSecret ? VerifyHmac(algorithm, data, signature)
                                : VerifyDigest(algorithm, data, signature);
}

bool VerificationKey::VerifyHmac(SignatureAlgorithm algorithm,
                                 absl::string_view data,
                                 absl::string_view signature) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  if (HMAC(Hash(algorithm), secret_.data(), static_cast<int>(secret_.size()),
           OpenSslBytes(data), data.size(), mac.data(), &size) == nullptr) {
    return false;
  }
  return signature.size() == size &&
         CRYPTO_memcmp(mac.data(), signature.data(), size) == 0;
}

bool VerificationKey::VerifyDigest(SignatureAlgorithm algorithm,
                                   absl::string_view data,
                                   absl::string_view signature) const {
  std::string der;
  if (type_ == Type::kP256 || type_ == Type::kP384) {
    der = EcSignatureToDer(signature, CoordinateBytes(type_));
    if (der.empty()) return false;
    signature = der;
  }
  if (type_ == Type::kEd25519 && signature.size() != kEd25519SignatureBytes) {
    return false;
  }
  EvpMdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  if (!context || EVP_DigestVerifyInit(context.get(), &options, Hash(algorithm),
                                       nullptr, key_.get()) != 1) {
    return false;
  }
  // RFC 7518 section 3.5: MGF1 with the same hash; the salt is as long as the
  // hash.
  if (algorithm == SignatureAlgorithm::kPs256 &&
      (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) !=
           1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), OpenSslBytes(signature),
                          signature.size(), OpenSslBytes(data),
                          data.size()) == 1;
}

}  // namespace sse_bridge
