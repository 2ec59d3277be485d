#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_REQUEST_FILTER_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_REQUEST_FILTER_H_

#include <utility>

#include "bridge/access/client_address.h"
#include "bridge/access/rate_limiter.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/gateway/browser_rules.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The first that is done with each request, whatever it asks for: finds out
// which client it is from, whether that one comes too often, and what browsers
// are to be told.
//
// Thread-safe.
class RequestFilter {
 public:
  // `rate` and `rejections` may be null, and must outlive this. With
  // `proxy_protocol` the proxies tell once for each connection whom it is for,
  // and the handshake counts it. `tls`: the bridge itself speaks it with
  // clients.
  RequestFilter(TrustedProxies proxies, bool proxy_protocol, bool tls,
                RateLimiter* rate, const BrowserRules* browsers,
                LabelledCounter* rejections)
      : proxies_(std::move(proxies)),
        proxy_protocol_(proxy_protocol),
        tls_(tls),
        rate_(rate),
        browsers_(browsers),
        rejections_(rejections) {}

  // True: the request has been answered.
  bool Handle(HttpExchange* exchange) const;

 private:
  const TrustedProxies proxies_;
  const bool proxy_protocol_;
  const bool tls_;
  RateLimiter* const rate_;
  const BrowserRules* const browsers_;  // outlives this
  LabelledCounter* const rejections_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_REQUEST_FILTER_H_
