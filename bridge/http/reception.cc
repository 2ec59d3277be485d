#include "bridge/http/reception.h"

#include <string>
#include <utility>

#include "bridge/delivery/clock.h"
#include "bridge/http/base_path.h"
#include "bridge/http/http_error.h"
#include "bridge/http/request_origin.h"

namespace sse_bridge {

bool Reception::Handle(Exchange* exchange) const {
  for (auto& [name, value] :
       browsers_->HeadersFor(OriginOf(exchange->headers()))) {
    exchange->AddResponseHeader(std::move(name), std::move(value));
  }
  if (proxies_.Trusts(exchange->peer_address())) {
    exchange->set_client_address(proxies_.ClientOf(
        exchange->peer_address(), exchange->HeaderValues("X-Forwarded-For")));
    exchange->set_forwarded_prefix(
        ForwardedPrefix(exchange->HeaderValues("X-Forwarded-Prefix")));
    // A proxy keeps connections open and sends everybody's requests on them, so
    // here each request counts as a connection.
    if (rate_ != nullptr && !proxy_protocol_ &&
        exchange->client_address() != exchange->peer_address()) {
      const absl::Duration wait =
          rate_->Take(LimitKey(exchange->client_address()), NowNs());
      if (wait > absl::ZeroDuration()) {
        if (rejections_ != nullptr) rejections_->Add("429");
        exchange->Respond(TooManyConnections(wait));
        return true;
      }
    }
  }
  return browsers_->Handle(exchange);
}

}  // namespace sse_bridge
