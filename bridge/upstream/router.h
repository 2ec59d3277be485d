#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_ROUTER_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_ROUTER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// One --upstream value.
struct UpstreamFlag {
  std::string service;  // "package.Service"; empty: the default upstream
  std::string address;  // for GrpcUpstreamOptions::address

  friend bool operator==(const UpstreamFlag& a, const UpstreamFlag& b) {
    return a.service == b.service && a.address == b.address;
  }
};

// Parses "[package.Service=]ADDRESS". ADDRESS is HOST:PORT, a list
// IP:PORT,IP:PORT,... of addresses of one backend, or a gRPC target (dns:,
// ipv4:, ipv6:, unix:). A list becomes an ipv4: or ipv6: target. Errors
// (kInvalidArgument) quote the value and the reason.
absl::StatusOr<UpstreamFlag> ParseUpstreamFlag(absl::string_view value);

// Parses all values of the flag. Also rejects a second value for a service.
absl::StatusOr<std::vector<UpstreamFlag>> ParseUpstreamFlags(
    absl::Span<const std::string> values);

// Splits a value for all upstreams, or "package.Service=VALUE" for one, into
// the service (may be empty) and the value. If the text before '=' is not a
// service name, it is part of the value.
std::pair<std::string, std::string> SplitServiceValue(absl::string_view text);

// Maps services to upstreams. Filled at startup, then only read: Find is
// thread-safe, Add is not.
class UpstreamRouter {
 public:
  UpstreamRouter() = default;
  UpstreamRouter(UpstreamRouter&&) = default;
  UpstreamRouter& operator=(UpstreamRouter&&) = default;

  // An empty `service` adds the default. Returns kAlreadyExists for a
  // duplicate.
  absl::Status Add(absl::string_view service,
                   std::shared_ptr<Upstream> upstream);

  // For "/package.Service/Method": returns the upstream of that service, else
  // the default, else null. Valid as long as the router.
  Upstream* Find(absl::string_view path) const;

  // For "package.Service".
  Upstream* FindService(absl::string_view service) const;

  // Service ("" for the default) and upstream, in the order of Add.
  absl::Span<const std::pair<std::string, std::shared_ptr<Upstream>>>
  upstreams() const {
    return upstreams_;
  }

 private:
  std::vector<std::pair<std::string, std::shared_ptr<Upstream>>> upstreams_;
  absl::flat_hash_map<std::string, Upstream*> by_service_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_ROUTER_H_
