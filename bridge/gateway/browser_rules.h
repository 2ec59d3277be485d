#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_BROWSER_RULES_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_BROWSER_RULES_H_

#include <utility>

#include "absl/time/time.h"
#include "bridge/access/origin_rules.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// Decides which origins' pages may read responses (CORS: Fetch, 3.2), which
// hosts requests may name, and when cookies are trusted.
//
// Immutable and thread-safe.
class BrowserRules {
 public:
  struct Options {
    // How long browsers may cache the response to a preflight.
    absl::Duration preflight_max_age = absl::Minutes(10);
  };

  BrowserRules(OriginRules origins, Options options)
      : origins_(std::move(origins)), options_(options) {}

  // The headers that every response needs so that the browser lets a page of
  // `origin` read it. `origin` is empty if absent or unknown.
  HttpHeaders HeadersFor(absl::string_view origin) const;

  // Returns true if HeadersFor depends on the origin.
  bool NeedsOrigin() const { return origins_.lists_any(); }

  // Answers preflights, and requests for hosts that are not allowed (421,
  // against DNS rebinding). Returns true if it has answered the request.
  bool Handle(HttpExchange* exchange) const;

  // Returns true if the cookies of the request can be trusted (no CSRF).
  // Browsers send cookies with the requests of any page (EventSource, images),
  // so the page's origin must be listed, or be the bridge's own: same scheme,
  // host and port, and not marked as cross-site. Requests that are not from a
  // browser have neither Origin nor Sec-Fetch-Site, and pass.
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
