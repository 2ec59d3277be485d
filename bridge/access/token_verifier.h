#ifndef SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_VERIFIER_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_VERIFIER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/access/identity.h"
#include "bridge/access/key_set.h"
#include "bridge/access/token_claims.h"
#include "bridge/access/token_error.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Verifies JSON Web Tokens (RFC 7519; JWS in compact form, RFC 7515) and
// extracts the Identity, following RFC 8725: the key determines the algorithm,
// only `kid` selects a key, the signature is verified before claims are read,
// and every relevant claim is checked.
//
// Thread-safe.
class TokenVerifier {
 public:
  static constexpr size_t kMaxTokenBytes = 8 * 1024;
  static constexpr absl::Duration kMaxLeeway = absl::Minutes(5);

  struct Options {
    // See KeySet for the format. May be empty if keys will be published
    // (SetPublishedKeys).
    std::vector<std::string> key_files;
    bool published_keys = false;

    // If set, tokens with another `typ` (such as "at+jwt") are rejected.
    std::string required_type;

    ClaimRules claims;
  };

  // Returns kInvalidArgument or kNotFound naming the invalid file or option.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> Create(Options options);

  // Like Create, with keys from elsewhere; ignores `options.key_files`.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> CreateWithKeys(
      Options options, KeySet keys);

  TokenVerifier(const TokenVerifier&) = delete;
  TokenVerifier& operator=(const TokenVerifier&) = delete;

  // Returns kUnauthenticated: "token expired" for an otherwise valid token,
  // "invalid token" for anything else. Stores the reason in `error` unless
  // null.
  absl::StatusOr<Identity> Verify(absl::string_view token, absl::Time now,
                                  TokenError* error = nullptr) const;

  // Replaces the keys for later calls of Verify; concurrent calls may still use
  // the old ones.
  void ReplaceKeys(KeySet keys);

  // Reads the key files again. On error the keys are unchanged.
  absl::Status ReloadKeyFiles();

  // Sets the keys published at a URL, which are used besides those of files.
  void SetPublishedKeys(KeySet keys);

 private:
  TokenVerifier(Options options, KeySet keys);

  TokenError VerifySignature(absl::string_view token,
                             absl::string_view* claims) const;
  // Null if no keys were published yet.
  void Keys(std::shared_ptr<const KeySet>* own,
            std::shared_ptr<const KeySet>* published) const;

  const Options options_;

  mutable Mutex mu_;
  std::shared_ptr<const KeySet> keys_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<const KeySet> published_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_VERIFIER_H_
