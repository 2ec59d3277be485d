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

// Turns a JSON Web Token (RFC 7519; a JWS in compact form, RFC 7515) into an
// Identity, by the advice of RFC 8725: the key decides about the algorithm,
// nothing in a token names a key but `kid`, the signature is checked before a
// claim is read, and every claim that counts is checked.
//
// Thread-safe.
class TokenVerifier {
 public:
  static constexpr size_t kMaxTokenBytes = 8 * 1024;
  static constexpr absl::Duration kMaxLeeway = absl::Minutes(5);

  struct Options {
    // See KeySet for what they hold. May be empty if keys are going to be
    // published (SetPublishedKeys).
    std::vector<std::string> key_files;
    bool published_keys = false;

    // Not empty: tokens without this `typ` ("at+jwt") are refused.
    std::string required_type;

    ClaimRules claims;
  };

  // InvalidArgument or NotFound naming the file or option that is wrong.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> Create(Options options);

  // The same with keys from elsewhere; `options.key_files` is not looked at.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> CreateWithKeys(
      Options options, KeySet keys);

  TokenVerifier(const TokenVerifier&) = delete;
  TokenVerifier& operator=(const TokenVerifier&) = delete;

  // Refuses with Unauthenticated: "token expired" for a token that was good
  // once, "invalid token" for all else. `error`, when given, receives the
  // reason.
  absl::StatusOr<Identity> Verify(absl::string_view token, absl::Time now,
                                  TokenError* error = nullptr) const;

  // Later calls of Verify use `keys` in the place of those that it was created
  // with; those under way may still use the old.
  void ReplaceKeys(KeySet keys);

  // Reads the files again. On an error the keys stay as they are.
  absl::Status ReloadKeyFiles();

  // The same for keys that come from a URL, beside those of files.
  void SetPublishedKeys(KeySet keys);

 private:
  TokenVerifier(Options options, KeySet keys);

  TokenError VerifySignature(absl::string_view token,
                             absl::string_view* claims) const;
  // Null: no keys were published yet.
  void Keys(std::shared_ptr<const KeySet>* own,
            std::shared_ptr<const KeySet>* published) const;

  const Options options_;

  mutable Mutex mu_;
  std::shared_ptr<const KeySet> keys_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<const KeySet> published_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TOKEN_VERIFIER_H_
