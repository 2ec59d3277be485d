#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_REQUEST_FILTER_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_REQUEST_FILTER_H_

#include <utility>

#include "bridge/access/client_address.h"
#include "bridge/access/rate_limiter.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/gateway/browser_rules.h"
#include "bridge/http/http_exchange.h"
#include "bridge/net/clock.h"

namespace sse_bridge {

// The first step of every request: determines the client's address, applies the
// rate limit, and adds the headers for browsers.
//
// Thread-safe.
class RequestFilter {
 public:
  // `rate` and `rejections` may be null, and must outlive this object. With
  // `proxy_protocol`, proxies send the client's address once per connection,
  // and the handshake applies the rate limit. `tls` means that clients connect
  // to the bridge by TLS. `clock`, which must outlive this object, is that of
  // the rate limit.
  RequestFilter(TrustedProxies proxies, bool proxy_protocol, bool tls,
                RateLimiter* rate, const BrowserRules* browsers,
                LabelledCounter* rejections, Clock* clock = Clock::Real())
      : proxies_(std::move(proxies)),
        proxy_protocol_(proxy_protocol),
        tls_(tls),
        rate_(rate),
        browsers_(browsers),
        rejections_(rejections),
        clock_(clock) {}

  // Returns true if it has answered the request.
  bool Handle(HttpExchange* exchange) const;

 private:
  const TrustedProxies proxies_;
  const bool proxy_protocol_;
  const bool tls_;
  RateLimiter* const rate_;
  const BrowserRules* const browsers_;  // outlives this object
  LabelledCounter* const rejections_;
  Clock* const clock_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_REQUEST_FILTER_H_
