#include "bridge/gateway/request_filter.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "bridge/gateway/base_path.h"
#include "bridge/http/http_error.h"
#include "bridge/http/request_origin.h"

namespace sse_bridge {

namespace {

// The scheme reported by the proxy nearest to the client: "http" or "https".
// Empty for other values, and if there are several headers.
std::string ForwardedScheme(const HttpExchange& exchange) {
  const auto values = exchange.HeaderValues("X-Forwarded-Proto");
  if (values.size() != 1) return "";
  const std::string scheme = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(values[0].substr(0, values[0].find(','))));
  return scheme == "https" || scheme == "http" ? scheme : "";
}

}  // namespace

bool RequestFilter::Handle(HttpExchange* exchange) const {
  for (auto& [name, value] :
       browsers_->HeadersFor(OriginOf(exchange->headers()))) {
    exchange->AddResponseHeader(std::move(name), std::move(value));
  }
  if (tls_) exchange->set_client_scheme("https");
  if (proxies_.Trusts(exchange->peer_address())) {
    if (std::string scheme = ForwardedScheme(*exchange); !scheme.empty()) {
      exchange->set_client_scheme(std::move(scheme));
    }
    exchange->set_client_address(proxies_.ClientOf(
        exchange->peer_address(), exchange->HeaderValues("X-Forwarded-For")));
    exchange->set_forwarded_prefix(
        ForwardedPrefix(exchange->HeaderValues("X-Forwarded-Prefix")));
    // A proxy reuses its connections for the requests of many clients, so each
    // request counts as a connection here.
    if (rate_ != nullptr && !proxy_protocol_ &&
        exchange->client_address() != exchange->peer_address()) {
      const absl::Duration wait = rate_->Take(
          LimitKey(exchange->client_address()), clock_->MonotonicNanos());
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
