#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_BROWSER_RULES_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_BROWSER_RULES_H_

#include <utility>

#include "absl/time/time.h"
#include "bridge/access/origin_rules.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// What browsers are told about whose pages may read the bridge's answers (CORS:
// Fetch, 3.2), and what the bridge asks of them before it trusts their cookies.
//
// Immutable, then thread-safe.
class BrowserRules {
 public:
  struct Options {
    // How long browsers may remember the answer to a preflight.
    absl::Duration preflight_max_age = absl::Minutes(10);
  };

  BrowserRules(OriginRules origins, Options options)
      : origins_(std::move(origins)), options_(options) {}

  // What every answer has so that the browser lets a page of this origin read
  // it. An absent or unknown origin is empty.
  HttpHeaders HeadersFor(absl::string_view origin) const;

  // Whether HeadersFor depends on the origin.
  bool NeedsOrigin() const { return origins_.lists_any(); }

  // True: the request was answered here, being a preflight, or sent to a host
  // that is not ours (421, against DNS rebinding).
  bool Handle(HttpExchange* exchange) const;

  // Whether a cookie on the request can be trusted to be the user's wish.
  // Browsers send cookies along with what any page asks for (EventSource, an
  // image), so the page must be on the list, or the bridge's own: of the same
  // scheme, host and port, and not marked as another's. Not of a browser, it
  // has neither Origin nor Sec-Fetch-Site, and passes.
  bool MayUseCookies(const HttpExchange& exchange) const;

 private:
  bool IsAllowed(absl::string_view origin) const {
    return origins_.allows_any() || origins_.Lists(origin) ||
           (origins_.allows_null() && origin == OriginRules::kNullOrigin);
  }
  void AnswerPreflight(absl::string_view origin, absl::string_view method,
                       HttpExchange* exchange) const;

  const OriginRules origins_;
  const Options options_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_BROWSER_RULES_H_
