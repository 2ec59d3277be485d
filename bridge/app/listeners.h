#ifndef SSE_BRIDGE_BRIDGE_APP_LISTENERS_H_
#define SSE_BRIDGE_BRIDGE_APP_LISTENERS_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "bridge/access/origin_rules.h"
#include "bridge/app/access_setup.h"
#include "bridge/config/config.h"
#include "bridge/http/http_server.h"

namespace sse_bridge {

// What the settings make of the two listeners, for `sse-bridge` itself and for
// `sse-bridge check`. Errors begin with where the configuration was wrong.

// The listener of browsers, in a process that may have so many descriptors.
// `access` must outlive the server.
absl::StatusOr<HttpServer::Options> PublicServer(const LoadedConfig& loaded,
                                                 const AccessSetup& access,
                                                 size_t descriptors);

// What the admin listener may be called, beside addresses.
absl::StatusOr<OriginRules> AdminNames(const LoadedConfig& loaded);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_LISTENERS_H_
