#ifndef SSE_BRIDGE_BRIDGE_APP_LISTENERS_H_
#define SSE_BRIDGE_BRIDGE_APP_LISTENERS_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "bridge/access/origin_rules.h"
#include "bridge/app/access_setup.h"
#include "bridge/config/config.h"
#include "bridge/http/http_server.h"

namespace sse_bridge {

// Options of the two listeners. Errors start with the origin of the invalid
// setting.

// Options of the public listener, in a process that may open `descriptors` file
// descriptors. `access` must outlive the server.
absl::StatusOr<HttpServer::Options> PublicServer(const LoadedConfig& loaded,
                                                 const AccessSetup& access,
                                                 size_t descriptors);

// Host names that the admin listener accepts in addition to IP addresses.
absl::StatusOr<OriginRules> AdminNames(const LoadedConfig& loaded);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_LISTENERS_H_
