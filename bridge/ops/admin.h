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

// What the admin listener answers: GET and HEAD of
//
//   /healthz   200 while the process lives
//   /readyz    200 when requests can be served, else 503; JSON with each
//              condition and why it does not hold
//   /metrics   Prometheus' text format
//
// Nobody is asked for a token: the listener belongs on a loopback or cluster
// address. Thread-safe if its functions are.
class Admin {
 public:
  struct Condition {
    std::string name;
    bool holds = false;
    std::string reason;  // why not
  };
  struct Sources {
    std::function<std::vector<Condition>()> readiness;
    std::function<std::string()> metrics;
  };

  // Names by which the listener may be called (OriginRules: an empty list is
  // any). A page whose name its owner resolves to this address (DNS rebinding)
  // names another host, and is answered 421. Addresses are always fine: probes
  // use them, and no page's name is one.
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
