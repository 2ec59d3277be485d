#ifndef SSE_BRIDGE_BRIDGE_APP_ROUTE_TABLE_H_
#define SSE_BRIDGE_BRIDGE_APP_ROUTE_TABLE_H_

#include <string>

#include "bridge/schema/schema.h"
#include "bridge/v1/config.pb.h"

namespace sse_bridge {

// The schema's routes as a table for `sse-bridge check`, one route per line:
// method, route, event, access, sharing and limits. Columns are aligned.
std::string RouteTable(const Schema& schema, const bridge::v1::Config& config);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_APP_ROUTE_TABLE_H_
