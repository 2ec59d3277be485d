#include "tests/unit/access/test_keys.h"

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

const EVP_MD* Hash(absl::string_view alg) {
  if (alg == "EdDSA") return nullptr;
  if (alg.substr(2) == "384") return EVP_sha384();
  if (alg.substr(2) == "512") return EVP_sha512();
  return EVP_sha256();
}

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string NumberParam(const EVP_PKEY* key, const char* name, int bytes = 0) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  BignumPtr owned(number);
  const int size = bytes > 0 ? bytes : BN_num_bytes(number);
  std::string text(static_cast<size_t>(size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()), size);
  return text;
}

}  // namespace

TestKey TestKey::Secret(std::string secret) {
  TestKey key;
  key.secret_ = std::move(secret);
  return key;
}

TestKey TestKey::Rsa(unsigned bits) {
  TestKey key;
  key.key_.reset(EVP_RSA_gen(bits));
  return key;
}

TestKey TestKey::Ec(const char* curve) {
  TestKey key;
  key.key_.reset(EVP_EC_gen(curve));
  return key;
}

TestKey TestKey::Ed25519() {
  TestKey key;
  key.key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  return key;
}

std::string TestKey::SignRaw(absl::string_view alg,
                             absl::string_view data) const {
  if (key_ == nullptr) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned int size = 0;
    HMAC(Hash(alg), secret_.data(), static_cast<int>(secret_.size()),
         Bytes(data), data.size(), mac.data(), &size);
    return std::string(reinterpret_cast<char*>(mac.data()), size);
  }
  EvpMdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  EVP_DigestSignInit(context.get(), &options, Hash(alg), nullptr, key_.get());
  if (alg.substr(0, 2) == "PS") {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
  }
  std::array<unsigned char, 2048> signature{};
  size_t size = signature.size();
  EVP_DigestSign(context.get(), signature.data(), &size, Bytes(data),
                 data.size());
  return std::string(reinterpret_cast<char*>(signature.data()), size);
}

std::string TestKey::Sign(absl::string_view alg, absl::string_view data) const {
  const std::string raw = SignRaw(alg, data);
  if (alg.substr(0, 2) != "ES") return raw;
  const unsigned char* at = Bytes(raw);
  EcdsaSigPtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(raw.size())));
  const int size = (EVP_PKEY_get_bits(key_.get()) + 7) / 8;
  std::string result(static_cast<size_t>(2 * size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(result.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, size);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + size, size);
  return result;
}

std::string TestKey::PublicPem() const {
  BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key_.get());
  return Contents(bio.get());
}

std::string TestKey::PublicDer() const {
  BioPtr bio(BIO_new(BIO_s_mem()));
  i2d_PUBKEY_bio(bio.get(), key_.get());
  return Contents(bio.get());
}

std::string TestKey::PrivatePem() const {
  BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                           nullptr);
  return Contents(bio.get());
}

std::string TestKey::CertificatePem() const {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key_.get());
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  return Contents(bio.get());
}

nlohmann::json TestKey::Jwk() const {
  if (key_ == nullptr) {
    return {{"kty", "oct"}, {"k", EncodeBase64Url(secret_)}};
  }
  switch (EVP_PKEY_get_base_id(key_.get())) {
    case EVP_PKEY_RSA:
      return {{"kty", "RSA"},
              {"n",
               EncodeBase64Url(NumberParam(key_.get(), OSSL_PKEY_PARAM_RSA_N))},
              {"e", EncodeBase64Url(
                        NumberParam(key_.get(), OSSL_PKEY_PARAM_RSA_E))}};
    case EVP_PKEY_EC: {
      const int bits = EVP_PKEY_get_bits(key_.get());
      const int size = (bits + 7) / 8;
      return {{"kty", "EC"},
              {"crv", absl::StrCat("P-", bits)},
              {"x", EncodeBase64Url(NumberParam(
                        key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, size))},
              {"y", EncodeBase64Url(NumberParam(
                        key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size))}};
    }
    default: {
      std::string x(32, '\0');
      size_t size = x.size();
      EVP_PKEY_get_raw_public_key(
          key_.get(), reinterpret_cast<unsigned char*>(x.data()), &size);
      return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", EncodeBase64Url(x)}};
    }
  }
}

std::string EncodeBase64Url(absl::string_view bytes) {
  return absl::WebSafeBase64Escape(bytes);
}

std::string SigningInput(absl::string_view header, absl::string_view claims) {
  return absl::StrCat(EncodeBase64Url(header), ".", EncodeBase64Url(claims));
}

std::string MakeToken(const TestKey& key, absl::string_view alg,
                      absl::string_view header, absl::string_view claims) {
  const std::string input = SigningInput(header, claims);
  return absl::StrCat(input, ".", EncodeBase64Url(key.Sign(alg, input)));
}

std::string MakeToken(const TestKey& key, absl::string_view alg,
                      const nlohmann::json& claims) {
  const nlohmann::json header = {{"alg", std::string(alg)}};
  return MakeToken(key, alg, header.dump(), claims.dump());
}

}  // namespace sse_bridge
