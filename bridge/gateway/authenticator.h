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
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// Which query parameters may carry a credential on a route: those that are not
// fields of its request.
struct QueryCredentials {
  bool ticket = false;
  bool access_token = false;

  // The request is for a stream, to which EventSource comes back with the same
  // address: a used ticket is good for the browser that used it.
  bool comes_back = false;
};

// Finds out who a request comes from, and whether that is enough.
//
// Thread-safe.
class Authenticator {
 public:
  // All must outlive the Authenticator, and may be null.
  struct Parts {
    // Null: no key is configured, and whatever needs an identity is refused.
    const TokenVerifier* verifier = nullptr;
    JwksFetcher* published_keys = nullptr;
    TicketBox* tickets = nullptr;
    RateLimiter* ticket_rate = nullptr;  // by subject
    const DenyList* denied = nullptr;
    const BrowserRules* browsers = nullptr;
    bool tls = false;  // the bridge itself speaks it with browsers
  };

  // `leeway` is the verifier's: it lets clocks differ, but a stream that is
  // open ends when its token says so.
  Authenticator(Parts parts, absl::Duration leeway, TokenSourceOptions source)
      : parts_(parts), leeway_(leeway), source_(std::move(source)) {}

  // The verified identity that meets `rule`. For a rule that needs none a
  // request without a good token is anonymous: nullopt. Unauthenticated or
  // PermissionDenied as CheckAccess has it; PermissionDenied, whatever the
  // rule, for a cookie that another site's page has sent. A ticket is used up
  // by this.
  //
  // `unknown_key`, when given, tells of a refusal that newer keys may change:
  // see WhenKeysAreFresh. `set_cookies`, when given, gets the values of
  // Set-Cookie that let a browser come back with its ticket.
  absl::StatusOr<std::optional<Identity>> Admit(
      const HttpExchange& exchange, const sse::v1::Access& rule,
      QueryCredentials query, bool* unknown_key = nullptr,
      std::vector<std::string>* set_cookies = nullptr) const;

  // Whoever the request is from, for what decides later what he may: nullopt
  // for one without credentials. With some that are not good the same errors as
  // above, and the same `unknown_key` and `set_cookies`.
  absl::StatusOr<std::optional<Identity>> WhoIs(
      const HttpExchange& exchange, QueryCredentials query,
      bool* unknown_key = nullptr,
      std::vector<std::string>* set_cookies = nullptr) const;

  // Calls `again` on another thread as soon as the published keys were looked
  // for once more. False, without a call: there is no use in it.
  bool WhenKeysAreFresh(std::function<void()> again) const;

  // Null: tickets are not given.
  TicketBox* tickets() const { return parts_.tickets; }

  // How long `subject` has to wait until it may get a ticket; zero: it may, and
  // that is counted.
  absl::Duration TicketWait(absl::string_view subject) const;

  // Those who were not let in, by reason: "no token", "scope or role",
  // "ticket", "deny list", "cookie of another site", "malformed credentials",
  // or what was wrong with the token.
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
