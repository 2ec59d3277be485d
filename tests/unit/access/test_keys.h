#ifndef SSE_BRIDGE_TESTS_UNIT_ACCESS_TEST_KEYS_H_
#define SSE_BRIDGE_TESTS_UNIT_ACCESS_TEST_KEYS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "bridge/base/openssl_ptr.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {

// A newly generated signing key, the counterpart of VerificationKey.
class TestKey {
 public:
  static TestKey Secret(std::string secret);
  static TestKey Rsa(unsigned bits = 2048);
  static TestKey Ec(const char* curve);  // "P-256", "P-384", "P-521"
  static TestKey Ed25519();

  // Signs `data` with JOSE algorithm `alg`.
  std::string Sign(absl::string_view alg, absl::string_view data) const;

  // Like Sign, in OpenSSL's format: DER for EC.
  std::string SignRaw(absl::string_view alg, absl::string_view data) const;

  std::string PublicPem() const;
  std::string PublicDer() const;
  std::string PrivatePem() const;
  std::string CertificatePem() const;
  nlohmann::json Jwk() const;
  const std::string& secret() const { return secret_; }

 private:
  std::string secret_;
  EvpPkeyPtr key_;
};

std::string EncodeBase64Url(absl::string_view bytes);

// header.claims, both base64url-encoded.
std::string SigningInput(absl::string_view header, absl::string_view claims);

// A token of these texts, which need not be JSON.
std::string MakeToken(const TestKey& key, absl::string_view alg,
                      absl::string_view header, absl::string_view claims);

// A token with the header {"alg": alg}.
std::string MakeToken(const TestKey& key, absl::string_view alg,
                      const nlohmann::json& claims);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_ACCESS_TEST_KEYS_H_
