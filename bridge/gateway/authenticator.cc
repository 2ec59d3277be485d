#include "bridge/gateway/authenticator.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "bridge/access/access_rule.h"
#include "bridge/gateway/own_params.h"
#include "bridge/gateway/ticket_cookie.h"
#include "bridge/transcode/query_params.h"

namespace sse_bridge {
namespace {

// The value of a query parameter, or nullopt if absent. Returns an error if it
// occurs twice or if the query is malformed.
absl::StatusOr<std::optional<std::string>> OneParam(
    const HttpExchange& exchange, absl::string_view name) {
  std::optional<std::string> found;
  auto query = ParseQuery(exchange.raw_query());
  if (!query.ok()) return query.status();
  for (QueryParam& param : *query) {
    if (param.name != name) continue;
    if (found) return absl::UnauthenticatedError("ambiguous credentials");
    found = std::move(param.value);
  }
  return found;
}

}  // namespace

bool Authenticator::WhenKeysAreFresh(std::function<void()> again) const {
  if (parts_.published_keys != nullptr &&
      parts_.published_keys->RefreshThen(std::move(again))) {
    return true;
  }
  failures_.Add(std::string(TokenErrorText(TokenError::kUnknownKey)));
  return false;
}

absl::StatusOr<Identity> Authenticator::VerifyToken(absl::string_view token,
                                                    bool* unknown_key,
                                                    std::string* why) const {
  if (parts_.verifier == nullptr) {
    *why = "no keys";
    return absl::UnauthenticatedError("invalid token");
  }
  TokenError error = TokenError::kNone;
  const absl::Time now = parts_.clock->WallTime();
  absl::StatusOr<Identity> identity =
      parts_.verifier->Verify(token, now, &error);
  if (!identity.ok()) {
    *why = std::string(TokenErrorText(error));
    spdlog::debug("token refused: {}", *why);
    if (error != TokenError::kUnknownKey || parts_.published_keys == nullptr) {
      return identity.status();
    }
    if (unknown_key != nullptr) *unknown_key = true;
    if (parts_.published_keys->has_keys()) return identity.status();
    return absl::UnavailableError(
        "the token keys have not been fetched yet; retry later");
  }
  if (identity->expires - leeway_ > now) identity->expires -= leeway_;
  return identity;
}

absl::Duration Authenticator::TicketWait(absl::string_view subject) const {
  if (parts_.ticket_rate == nullptr) return absl::ZeroDuration();
  return parts_.ticket_rate->Take(subject, parts_.clock->MonotonicNanos());
}

absl::StatusOr<Identity> Authenticator::TakeTicket(
    const HttpExchange& exchange, const std::string& ticket, bool comes_back,
    std::vector<std::string>* set_cookies, std::string* why) const {
  const absl::Time now = parts_.clock->WallTime();
  const absl::string_view path = exchange.raw_path();
  *why = "ticket";
  if (!comes_back) return parts_.tickets->Redeem(ticket, now);
  if (const std::string binding = TicketCookie(exchange, ticket);
      !binding.empty()) {
    auto identity = parts_.tickets->RedeemAgain(ticket, path, binding, now);
    if (identity.ok() && parts_.browsers != nullptr &&
        !parts_.browsers->MayUseCookies(exchange)) {
      *why = "cookie of another site";
      return absl::PermissionDeniedError(
          "cookies are not accepted from pages of this origin");
    }
    if (identity.ok()) return identity;
  }
  auto identity = parts_.tickets->Redeem(ticket, now);
  if (identity.ok() && set_cookies != nullptr) {
    *set_cookies =
        SetTicketCookie(exchange, ticket, parts_.tickets->Binding(ticket, path),
                        parts_.tls, identity->expires, now);
  }
  return identity;
}

absl::StatusOr<std::optional<Identity>> Authenticator::Identify(
    const HttpExchange& exchange, QueryCredentials query, bool* unknown_key,
    std::vector<std::string>* set_cookies, std::string* why) const {
  *why = "malformed credentials";
  TokenParts parts;
  const auto authorization = exchange.HeaderValues("Authorization");
  if (authorization.size() > 1) {
    return absl::UnauthenticatedError("more than one Authorization header");
  }
  if (authorization.size() == 1) parts.authorization = authorization[0];
  const auto cookies = exchange.HeaderValues("Cookie");
  if (cookies.size() > 1) {
    return absl::UnauthenticatedError("more than one Cookie header");
  }
  if (cookies.size() == 1) parts.cookie = cookies[0];
  std::optional<std::string> access_token;
  if (source_.query && query.access_token) {
    auto param = OneParam(exchange, kAccessTokenParam);
    if (!param.ok()) return param.status();
    access_token = *std::move(param);
  }
  if (access_token) parts.query = *access_token;

  absl::StatusOr<FoundToken> found = FindToken(parts, source_);
  if (!found.ok()) return found.status();
  absl::StatusOr<Identity> identity;
  if (found->origin == TokenOrigin::kCookie && parts_.browsers != nullptr &&
      !parts_.browsers->MayUseCookies(exchange)) {
    *why = "cookie of another site";
    return absl::PermissionDeniedError(
        "cookies are not accepted from pages of this origin");
  }
  if (found->origin != TokenOrigin::kNowhere) {
    identity = VerifyToken(found->token, unknown_key, why);
  } else {
    // Tickets are for clients that cannot set headers (EventSource), which GET.
    if (parts_.tickets == nullptr || !query.ticket ||
        exchange.verb() != "GET") {
      return std::nullopt;
    }
    auto ticket = OneParam(exchange, kTicketParam);
    if (!ticket.ok()) return ticket.status();
    if (!ticket->has_value() || (*ticket)->empty()) return std::nullopt;
    identity =
        TakeTicket(exchange, **ticket, query.comes_back, set_cookies, why);
  }
  if (!identity.ok()) return identity.status();
  if (parts_.denied != nullptr && parts_.denied->Denies(*identity)) {
    *why = "deny list";
    spdlog::debug("token refused: {}", *why);
    return absl::UnauthenticatedError("invalid token");
  }
  return std::optional<Identity>(*std::move(identity));
}

absl::StatusOr<std::optional<Identity>> Authenticator::WhoIs(
    const HttpExchange& exchange, QueryCredentials query, bool* unknown_key,
    std::vector<std::string>* set_cookies) const {
  std::string why;
  absl::StatusOr<std::optional<Identity>> identity =
      Identify(exchange, query, unknown_key, set_cookies, &why);
  if (!identity.ok() && (unknown_key == nullptr || !*unknown_key)) {
    failures_.Add(std::move(why));
  }
  return identity;
}

absl::StatusOr<std::optional<Identity>> Authenticator::Admit(
    const HttpExchange& exchange, const sse::v1::Access& rule,
    QueryCredentials query, bool* unknown_key,
    std::vector<std::string>* set_cookies) const {
  std::string why;
  absl::StatusOr<std::optional<Identity>> identity =
      Identify(exchange, query, unknown_key, set_cookies, &why);
  if (!NeedsIdentity(rule) && !identity.ok() &&
      !absl::IsPermissionDenied(identity.status())) {
    return std::nullopt;
  }
  if (identity.ok()) {
    const absl::Status access =
        CheckAccess(rule, identity->has_value() ? &**identity : nullptr);
    if (access.ok()) return identity;
    why = identity->has_value() ? "scope or role" : "no token";
    identity = access;
  }
  // With an unknown key the outcome is still open: see WhenKeysAreFresh.
  if (unknown_key == nullptr || !*unknown_key) failures_.Add(std::move(why));
  return identity;
}

}  // namespace sse_bridge
