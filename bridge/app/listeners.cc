#include "bridge/app/listeners.h"

#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "bridge/access/client_address.h"
#include "bridge/base/host_port.h"
#include "bridge/config/setting_value.h"
#include "bridge/ops/descriptor_limit.h"

namespace sse_bridge {

absl::StatusOr<HttpServer::Options> PublicServer(const LoadedConfig& loaded,
                                                 const AccessSetup& access,
                                                 size_t descriptors) {
  const bridge::v1::Config& config = loaded.config;
  auto listen = ParseHostPort(config.listen());
  if (!listen.ok()) return loaded.origins.Annotate(listen.status(), "listen");
  // One address may use half of it, and two of the largest bodies must fit.
  if (config.max_buffered_bytes() / 4 < config.max_body()) {
    return loaded.origins.Annotate(
        absl::InvalidArgumentError("must be at least four times max_body"),
        "max_buffered_bytes");
  }
  HttpServer::Options options;
  options.host = listen->host;
  options.port = listen->port;
  options.reuse_port = config.reuse_port();
  options.workers = config.workers();
  options.handle_inline = true;
  options.framing.max_head_bytes = static_cast<size_t>(config.max_head());
  // A request's URL may take up the whole head.
  options.framing.max_request_line_bytes = options.framing.max_head_bytes;
  options.framing.max_body_bytes = static_cast<size_t>(config.max_body());
  options.head_timeout = ToDuration(config.head_timeout());
  options.body_timeout = ToDuration(config.body_timeout());
  options.max_buffered_bytes = static_cast<size_t>(config.max_buffered_bytes());
  options.max_connections = static_cast<size_t>(config.max_connections());
  options.max_descriptor = static_cast<int>(
      std::min<size_t>(ConnectionDescriptors(descriptors), INT_MAX));
  options.max_connections_per_address =
      static_cast<size_t>(config.max_connections_per_address());
  if (options.max_connections_per_address == 0) {
    // After an outage, all browsers behind one address reconnect at once.
    size_t all = static_cast<size_t>(options.max_descriptor);
    if (options.max_connections != 0) {
      all = std::min(all, options.max_connections);
    }
    options.max_connections_per_address = std::max<size_t>(all / 2, 1);
  }
  options.headers_for_origin =
      [browsers = &access.browsers()](absl::string_view origin) {
        return browsers->HeadersFor(origin);
      };
  options.headers_need_origin = access.browsers().NeedsOrigin();
  options.handshake = access.handshake();
  return options;
}

absl::StatusOr<OriginRules> AdminNames(const LoadedConfig& loaded) {
  std::vector<std::string> names = {"localhost", "*.localhost"};
  if (!loaded.config.admin().empty()) {
    auto address = ParseHostPort(loaded.config.admin());
    if (!address.ok()) {
      return loaded.origins.Annotate(address.status(), "admin");
    }
    if (!ParseIp(address->host).has_value()) names.push_back(address->host);
  }
  for (const std::string& name : loaded.config.allowed_host()) {
    names.push_back(name);
  }
  size_t index = 0;
  for (const std::string& name : loaded.config.admin_allowed_host()) {
    if (auto rules = OriginRules::Create({}, {name}); !rules.ok()) {
      return loaded.origins.Annotate(rules.status(), "admin_allowed_host",
                                     index);
    }
    names.push_back(name);
    ++index;
  }
  return OriginRules::Create({}, names);
}

}  // namespace sse_bridge
