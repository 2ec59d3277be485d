#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_AUTHENTICATOR_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_AUTHENTICATOR_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/access/deny_list.h"
#include "bridge/access/identity.h"
#include "bridge/access/jwks_fetcher.h"
#include "bridge/access/rate_limiter.h"
#include "bridge/access/ticket_box.h"
#include "bridge/access/token_source.h"
#include "bridge/access/token_verifier.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/gateway/browser_rules.h"
#include "bridge/http/http_exchange.h"
#include "bridge/net/clock.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// The query parameters that may carry a credential on a route: those that are
// not fields of its request.
struct QueryCredentials {
  bool ticket = false;
  bool access_token = false;

  // The request is for a stream, to which EventSource reconnects with the same
  // URL, so a used ticket remains valid for the browser that used it.
  bool comes_back = false;
};

// Authenticates requests and checks them against access rules.
//
// Thread-safe.
class Authenticator {
 public:
  // All must outlive the Authenticator. All but the clock may be null.
  struct Parts {
    // Null if no key is configured. Requests that need an identity are then
    // refused.
    const TokenVerifier* verifier = nullptr;
    JwksFetcher* published_keys = nullptr;
    TicketBox* tickets = nullptr;
    RateLimiter* ticket_rate = nullptr;  // by subject
    const DenyList* denied = nullptr;
    const BrowserRules* browsers = nullptr;
    bool tls = false;  // browsers connect to the bridge by TLS
    Clock* clock = Clock::Real();
  };

  // `leeway` is the verifier's clock skew tolerance. It does not prolong open
  // streams: they end when their token expires.
  Authenticator(Parts parts, absl::Duration leeway, TokenSourceOptions source)
      : parts_(parts), leeway_(leeway), source_(std::move(source)) {}

  // Returns the verified identity that satisfies `rule`, or nullopt if the rule
  // needs no identity and the request has no valid token. Returns
  // kUnauthenticated or kPermissionDenied as CheckAccess does, and, for any
  // rule, kPermissionDenied for a cookie that another site's page has sent.
  // Uses up a ticket.
  //
  // If not null, `unknown_key` is set if the refusal may change with newer keys
  // (see WhenKeysAreFresh), and `set_cookies` receives the Set-Cookie values
  // that let a browser reconnect with its ticket.
  absl::StatusOr<std::optional<Identity>> Admit(
      const HttpExchange& exchange, const sse::v1::Access& rule,
      QueryCredentials query, bool* unknown_key = nullptr,
      std::vector<std::string>* set_cookies = nullptr) const;

  // Returns the verified identity without checking a rule, or nullopt if the
  // request has no credentials. Invalid credentials give the errors above.
  // `unknown_key` and `set_cookies` are as above.
  absl::StatusOr<std::optional<Identity>> WhoIs(
      const HttpExchange& exchange, QueryCredentials query,
      bool* unknown_key = nullptr,
      std::vector<std::string>* set_cookies = nullptr) const;

  // Refreshes the published keys, then calls `again` on another thread. Returns
  // false, and does not call `again`, if a refresh would be useless.
  bool WhenKeysAreFresh(std::function<void()> again) const;

  // Null if tickets are disabled.
  TicketBox* tickets() const { return parts_.tickets; }

  // The time that credentials are compared with.
  absl::Time WallTime() const { return parts_.clock->WallTime(); }

  // How long `subject` must wait before it may get a ticket. If zero, it may,
  // and the ticket has been counted.
  absl::Duration TicketWait(absl::string_view subject) const;

  // Refused requests by reason: "no token", "scope or role", "ticket",
  // "deny list", "cookie of another site", "malformed credentials", or what is
  // wrong with the token.
  const LabelledCounter& failures() const { return failures_; }

 private:
  absl::StatusOr<std::optional<Identity>> Identify(
      const HttpExchange& exchange, QueryCredentials query, bool* unknown_key,
      std::vector<std::string>* set_cookies, std::string* why) const;
  absl::StatusOr<Identity> TakeTicket(const HttpExchange& exchange,
                                      const std::string& ticket,
                                      bool comes_back,
                                      std::vector<std::string>* set_cookies,
                                      std::string* why) const;
  absl::StatusOr<Identity> VerifyToken(absl::string_view token,
                                       bool* unknown_key,
                                       std::string* why) const;

  const Parts parts_;
  const absl::Duration leeway_;
  const TokenSourceOptions source_;
  mutable LabelledCounter failures_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_AUTHENTICATOR_H_
