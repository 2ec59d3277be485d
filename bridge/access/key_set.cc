#include "bridge/access/key_set.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/access/byte_order_mark.h"
#include "bridge/access/jwk.h"
#include "bridge/access/secret_text.h"
#include "bridge/access/strict_json.h"
#include "bridge/base/openssl_ptr.h"
#include "bridge/base/read_file.h"

namespace sse_bridge {
namespace {

constexpr char kPemMark[] = "-----BEGIN ";
constexpr absl::string_view kSshPrefixes[] = {"ssh-", "ecdsa-sha2-", "sk-ssh-",
                                              "sk-ecdsa-", "---- BEGIN SSH2"};
// A JWKS has a depth of 4 (set, keys, key, x5c); issuers may extend it.
constexpr int kMaxJsonDepth = 32;

// Blocks after this many in a file are ignored.
constexpr size_t kMaxPemBlocks = 1000;

// Number of skipped keys per text that are logged individually.
constexpr size_t kMaxLogged = 8;
constexpr size_t kMaxLoggedIdBytes = 64;

EvpPkeyPtr DecodePublicKey(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return EvpPkeyPtr(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
}

EvpPkeyPtr DecodePkcs1PublicKey(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return EvpPkeyPtr(
      d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size())));
}

EvpPkeyPtr DecodePrivateKey(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return EvpPkeyPtr(
      d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
}

EvpPkeyPtr DecodeCertificate(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  return certificate ? EvpPkeyPtr(X509_get_pubkey(certificate.get())) : nullptr;
}

bool IsDerKey(const std::string& der) {
  return DecodePublicKey(der) || DecodeCertificate(der) ||
         DecodePrivateKey(der) || DecodePkcs1PublicKey(der);
}

// A key in base64 without the PEM header and footer, as some consoles show it.
bool IsBase64Key(absl::string_view text) {
  std::string compact(text);
  compact.erase(std::remove_if(compact.begin(), compact.end(),
                               [](char c) { return absl::ascii_isspace(c); }),
                compact.end());
  std::string der;
  return (absl::Base64Unescape(compact, &der) ||
          absl::WebSafeBase64Unescape(compact, &der)) &&
         IsDerKey(der);
}

// Name of the key at `index` of a JWKS, for logs.
std::string NameOfJwk(const nlohmann::json& jwk, size_t index) {
  const nlohmann::json* kid = FindMember(jwk, "kid");
  if (kid == nullptr || !kid->is_string()) return absl::StrCat("key ", index);
  return absl::StrCat(
      "key ", index, " (kid \"",
      absl::CHexEscape(
          kid->get_ref<const std::string&>().substr(0, kMaxLoggedIdBytes)),
      "\")");
}

}  // namespace

class KeySet::LeftOut {
 public:
  void Add(absl::string_view key, const absl::Status& why) {
    if (count_++ >= kMaxLogged) return;
    lines_.push_back({absl::StrCat(key, ": ", why.message()), why.code()});
  }

  // Why a text has no usable key; empty if it has no keys.
  std::string reason() const {
    return lines_.empty() ? "" : lines_.back().text;
  }

  void Log(absl::string_view name) const {
    for (const Line& line : lines_) {
      // Keys for another use are common.
      spdlog::log(line.code == absl::StatusCode::kUnimplemented
                      ? spdlog::level::info
                      : spdlog::level::warn,
                  "{}: skipped: {}", std::string(name), line.text);
    }
    if (count_ > lines_.size()) {
      spdlog::warn("{}: skipped {} more keys", std::string(name),
                   count_ - lines_.size());
    }
  }

 private:
  struct Line {
    std::string text;
    absl::StatusCode code;
  };
  std::vector<Line> lines_;
  size_t count_ = 0;
};

absl::StatusOr<KeySet> KeySet::FromFiles(
    const std::vector<std::string>& files) {
  KeySet all;
  for (const std::string& file : files) {
    absl::StatusOr<std::string> text = ReadFile(file, kMaxTextBytes);
    if (!text.ok()) return text.status();
    absl::StatusOr<KeySet> some = Parse(*text, file);
    if (!some.ok()) return some.status();
    for (VerificationKey& key : some->keys_) {
      absl::Status status = all.Add(std::move(key));
      if (!status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(file, ": ", status.message()));
      }
    }
  }
  return all;
}

absl::StatusOr<KeySet> KeySet::Parse(absl::string_view text,
                                     absl::string_view name) {
  OpenSslErrorScope errors;
  KeySet set;
  LeftOut left_out;
  absl::Status status = set.AddText(text, &left_out);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", status.message()));
  }
  left_out.Log(name);
  return set;
}

absl::StatusOr<KeySet> KeySet::ParsePublished(absl::string_view text,
                                              absl::string_view name) {
  OpenSslErrorScope errors;
  KeySet set;
  LeftOut left_out;
  absl::Status status = text.size() > kMaxTextBytes
                            ? absl::InvalidArgumentError("too large")
                            : set.AddJson(text, /*published=*/true, &left_out);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", status.message()));
  }
  left_out.Log(name);
  return set;
}

std::vector<const VerificationKey*> KeySet::Candidates(
    SignatureAlgorithm algorithm, const std::optional<std::string>& kid) const {
  std::vector<const VerificationKey*> named;
  std::vector<const VerificationKey*> nameless;
  for (const VerificationKey& key : keys_) {
    if (!key.Accepts(algorithm)) continue;
    if (!kid || key.id() == kid) {
      named.push_back(&key);
    } else if (!key.id()) {
      nameless.push_back(&key);
    }
  }
  if (named.empty()) named = std::move(nameless);
  if (named.size() > kMaxCandidates) named.resize(kMaxCandidates);
  return named;
}

absl::Status KeySet::AddText(absl::string_view text, LeftOut* left_out) {
  if (text.empty()) return absl::InvalidArgumentError("empty");
  if (text.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("larger than ", kMaxTextBytes, " bytes"));
  }
  if (absl::StrContains(text, kPemMark)) return AddPem(text, left_out);
  absl::string_view start = text;
  absl::ConsumePrefix(&start, kByteOrderMark);
  start = absl::StripLeadingAsciiWhitespace(start);
  if (absl::StartsWith(start, "{") || absl::StartsWith(start, "[")) {
    return AddJson(start, /*published=*/false, left_out);
  }
  return AddSecret(text);
}

absl::Status KeySet::AddPem(absl::string_view text, LeftOut* left_out) {
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) return absl::ResourceExhaustedError("out of memory");
  int certificates = 0;
  for (size_t block = 1;; ++block) {
    const std::string block_name = absl::StrCat("PEM block ", block);
    const auto skip = [&](const absl::Status& why) {
      left_out->Add(block_name, why);
    };
    char* raw_name = nullptr;
    char* raw_header = nullptr;
    unsigned char* raw_data = nullptr;
    long size = 0;
    if (PEM_read_bio(bio.get(), &raw_name, &raw_header, &raw_data, &size) !=
        1) {
      const bool at_end =
          ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      const absl::Status malformed =
          absl::InvalidArgumentError("malformed PEM");
      if (!at_end && block < kMaxPemBlocks) {
        skip(malformed);
        continue;
      }
      if (!keys_.empty()) return absl::OkStatus();
      if (left_out->reason().empty()) return malformed;
      return absl::InvalidArgumentError(left_out->reason());
    }
    const std::string name(raw_name);
    const std::string der(reinterpret_cast<char*>(raw_data),
                          static_cast<size_t>(size));
    OPENSSL_free(raw_name);
    OPENSSL_free(raw_header);
    OPENSSL_clear_free(raw_data, static_cast<size_t>(size));

    EvpPkeyPtr key;
    if (name == "PUBLIC KEY") {
      key = DecodePublicKey(der);
    } else if (name == "RSA PUBLIC KEY") {
      key = DecodePkcs1PublicKey(der);
    } else if (name == "CERTIFICATE") {
      // Accepting a chain would make its authorities signers of tokens.
      if (++certificates > 1) {
        return absl::InvalidArgumentError(
            "several certificates; use one file for each");
      }
      key = DecodeCertificate(der);
    } else if (absl::EndsWith(name, "PRIVATE KEY") || name == "EC PARAMETERS") {
      return absl::InvalidArgumentError(
          "this is a private key; use its public key, only the token issuer "
          "needs the private key");
    } else {
      skip(absl::InvalidArgumentError(absl::StrCat(
          "\"", absl::CHexEscape(name.substr(0, kMaxLoggedIdBytes)),
          "\" is not a public key")));
      continue;
    }
    auto usable = VerificationKey::FromPublicKey(std::move(key));
    if (!usable.ok()) {
      skip(usable.status());
      continue;
    }
    absl::Status status = Add(std::move(usable));
    if (!status.ok()) return status;
  }
}

absl::Status KeySet::AddJson(absl::string_view text, bool published,
                             LeftOut* left_out) {
  const std::optional<nlohmann::json> json =
      ParseStrictJsonObject(text, kMaxJsonDepth);
  if (!json) return absl::InvalidArgumentError("malformed JWK or JWKS");
  const nlohmann::json* keys = FindMember(*json, "keys");
  if (keys == nullptr) {
    absl::StatusOr<VerificationKey> key = ParseJwk(*json);
    if (published && key.ok() &&
        key->type() == VerificationKey::Type::kSecret) {
      return absl::InvalidArgumentError("a published secret is not secure");
    }
    return Add(std::move(key));
  }
  if (!keys->is_array()) {
    return absl::InvalidArgumentError("JWKS: \"keys\" is not an array");
  }
  size_t index = 0;
  for (const nlohmann::json& jwk : *keys) {
    const std::string name = NameOfJwk(jwk, ++index);
    // A private key in a file is reported instead of used.
    if (!published && IsPrivateJwk(jwk)) return ParseJwk(jwk).status();
    absl::StatusOr<VerificationKey> key = ParseJwk(jwk);
    if (published && key.ok()) {
      if (key->type() == VerificationKey::Type::kSecret) {
        key = absl::InvalidArgumentError("a published secret is not secure");
      } else if (keys_.size() >= kMaxKeys) {
        key = absl::InvalidArgumentError(
            absl::StrCat("more than ", kMaxKeys, " keys"));
      }
    }
    if (!key.ok()) {
      left_out->Add(name, key.status());
      continue;
    }
    absl::Status status = Add(std::move(key));
    if (!status.ok()) return status;
  }
  if (keys_.empty()) {
    const std::string reason = left_out->reason();
    return absl::InvalidArgumentError(absl::StrCat(
        "JWKS without a usable key", reason.empty() ? "" : "; ", reason));
  }
  return absl::OkStatus();
}

absl::Status KeySet::AddSecret(absl::string_view text) {
  bool is_key = IsDerKey(std::string(text)) || IsBase64Key(text);
  for (absl::string_view prefix : kSshPrefixes) {
    is_key = is_key || absl::StartsWith(text, prefix);
  }
  if (is_key) {
    return absl::InvalidArgumentError(
        "unsupported key encoding; use a PEM public key");
  }
  absl::StatusOr<std::string> secret = SecretOf(text);
  if (!secret.ok()) return secret.status();
  return Add(VerificationKey::FromSecret(*std::move(secret)));
}

absl::Status KeySet::Add(absl::StatusOr<VerificationKey> key) {
  if (!key.ok()) return key.status();
  if (keys_.size() >= kMaxKeys) {
    return absl::InvalidArgumentError(
        absl::StrCat("more than ", kMaxKeys, " keys"));
  }
  keys_.push_back(*std::move(key));
  return absl::OkStatus();
}

}  // namespace sse_bridge
