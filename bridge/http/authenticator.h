#ifndef SSE_BRIDGE_BRIDGE_HTTP_AUTHENTICATOR_H_
#define SSE_BRIDGE_BRIDGE_HTTP_AUTHENTICATOR_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/access/identity.h"
#include "bridge/access/token_source.h"
#include "bridge/access/token_verifier.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/http/exchange.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// Finds out who a request comes from, and whether that is enough.
//
// Thread-safe.
class Authenticator {
 public:
  // `verifier` may be null: no key is configured, and whatever needs an
  // identity is refused. It must outlive this.
  // `leeway` is the verifier's: it lets clocks differ, but a stream that is
  // open ends when its token says so.
  Authenticator(const TokenVerifier* verifier, absl::Duration leeway,
                TokenSourceOptions source)
      : verifier_(verifier), leeway_(leeway), source_(std::move(source)) {}

  // The verified identity that meets `rule`. For a rule that needs none a
  // request without a good token is anonymous: nullopt. Unauthenticated or
  // PermissionDenied as CheckAccess has it.
  absl::StatusOr<std::optional<Identity>> Admit(
      const Exchange& exchange, const sse::v1::Access& rule) const;

  // Those who were not let in, by reason: "no token", "scope or role", or what
  // was wrong with the token.
  const LabelledCounter& failures() const { return failures_; }

 private:
  absl::StatusOr<std::optional<Identity>> Identify(
      const Exchange& exchange) const;

  const TokenVerifier* const verifier_;  // must outlive this
  const absl::Duration leeway_;
  const TokenSourceOptions source_;
  mutable LabelledCounter failures_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_AUTHENTICATOR_H_
