#include "bridge/http/authenticator.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/time/clock.h"
#include "bridge/access/access_rule.h"

namespace sse_bridge {

absl::StatusOr<std::optional<Identity>> Authenticator::Identify(
    const Exchange& exchange) const {
  TokenParts parts;
  const auto authorization = exchange.HeaderValues("Authorization");
  if (authorization.size() > 1) {
    return absl::UnauthenticatedError("several Authorization headers");
  }
  if (authorization.size() == 1) parts.authorization = authorization[0];
  const auto cookies = exchange.HeaderValues("Cookie");
  if (cookies.size() > 1) {
    return absl::UnauthenticatedError("several Cookie headers");
  }
  if (cookies.size() == 1) parts.cookie = cookies[0];

  absl::StatusOr<FoundToken> found = FindToken(parts, source_);
  if (!found.ok()) return found.status();
  if (found->origin == TokenOrigin::kNowhere) return std::nullopt;
  if (verifier_ == nullptr) {
    return absl::UnauthenticatedError("invalid token");
  }
  TokenError why;
  const absl::Time now = absl::Now();
  absl::StatusOr<Identity> identity =
      verifier_->Verify(found->token, now, &why);
  if (!identity.ok()) {
    failures_.Add(std::string(TokenErrorText(why)));
    spdlog::debug("token refused: {}", std::string(TokenErrorText(why)));
    return identity.status();
  }
  if (identity->expires - leeway_ > now) identity->expires -= leeway_;
  return std::optional<Identity>(*std::move(identity));
}

absl::StatusOr<std::optional<Identity>> Authenticator::Admit(
    const Exchange& exchange, const sse::v1::Access& rule) const {
  absl::StatusOr<std::optional<Identity>> identity = Identify(exchange);
  if (!NeedsIdentity(rule)) {
    if (!identity.ok()) return std::nullopt;
    return identity;
  }
  if (!identity.ok()) return identity.status();
  const absl::Status access =
      CheckAccess(rule, identity->has_value() ? &**identity : nullptr);
  if (!access.ok()) {
    failures_.Add(identity->has_value() ? "scope or role" : "no token");
    return access;
  }
  return identity;
}

}  // namespace sse_bridge
