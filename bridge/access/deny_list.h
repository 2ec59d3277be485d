#ifndef SSE_BRIDGE_BRIDGE_ACCESS_DENY_LIST_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_DENY_LIST_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/access/identity.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Tokens and subjects that are revoked before their tokens expire. Format:
//
//   # comment
//   jti TOKEN-ID       the token with this claim
//   sub SUBJECT        every token of this subject
//
// Blanks around the two words are ignored; blanks within a subject count. An
// entry that no token can match (an invisible character, too long a text) is an
// error, because it would deny nobody.
//
// Thread-safe. Initially empty.
class DenyList {
 public:
  static constexpr size_t kMaxTextBytes = size_t{16} << 20;

  // Replaces the list. On error, which names `name` and the line, the list is
  // unchanged: a typing error must not let anybody in.
  absl::Status Replace(absl::string_view text, absl::string_view name);

  // Like Replace, from a file.
  absl::Status Load(const std::string& path);

  bool Denies(const Identity& identity) const {
    return Denies(identity.subject, identity.token_id);
  }
  bool Denies(absl::string_view subject, absl::string_view token_id) const;

  size_t size() const;

 private:
  mutable Mutex mu_;
  absl::flat_hash_set<std::string> token_ids_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> subjects_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_DENY_LIST_H_
