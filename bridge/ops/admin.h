#ifndef SSE_BRIDGE_BRIDGE_OPS_ADMIN_H_
#define SSE_BRIDGE_BRIDGE_OPS_ADMIN_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/access/origin_rules.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The admin endpoints. They answer GET and HEAD of
//
//   /healthz   200 while the process runs
//   /readyz    200 if requests can be served, else 503; JSON with each
//   condition
//              and, if it does not hold, the reason
//   /metrics   Prometheus text format
//
// The endpoints need no authentication, so the listener must be on a loopback
// or cluster address. Thread-safe if the functions in Sources are.
class Admin {
 public:
  struct Condition {
    std::string name;
    bool holds = false;
    std::string reason;  // if it does not hold
  };
  struct Sources {
    std::function<std::vector<Condition>()> readiness;
    std::function<std::string()> metrics;
  };

  // `names` are the hosts that requests may name; an empty list allows any
  // (OriginRules). Other hosts get 421: in a DNS rebinding attack, a page's
  // domain resolves to this address, but the request names that domain. IP
  // addresses are always allowed: probes use them, and such a page cannot.
  Admin(Sources sources, OriginRules names)
      : sources_(std::move(sources)), names_(std::move(names)) {}

  void Handle(const std::shared_ptr<HttpExchange>& exchange) const;

 private:
  HttpResponse Answer(const HttpExchange& exchange) const;

  bool IsCalledRight(const HttpExchange& exchange) const;

  const Sources sources_;
  const OriginRules names_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_ADMIN_H_
