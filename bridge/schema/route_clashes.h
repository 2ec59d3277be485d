#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_ROUTE_CLASHES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_ROUTE_CLASHES_H_

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/schema/http_rules.h"
#include "bridge/schema/method.h"
#include "bridge/schema/path_router.h"
#include "bridge/schema/schema_errors.h"

namespace sse_bridge {

// Finds methods that cannot be served beside an earlier one: they have the same
// route, or the same name in `/events`. Not thread-safe.
class RouteClashes {
 public:
  // Far more than any real schema has; the router compares the routes of one
  // path.
  static constexpr size_t kMaxRoutes = 50000;

  // `router` has the routes of the served methods, by their index in `routes`.
  // Both must outlive this object.
  RouteClashes(PathRouter::Options options, const PathRouterBuilder* router,
               const std::deque<Route>* routes);

  // Reports what a method would share with one that is served, a route that it
  // has twice, and routes beyond the bound.
  void Check(const Method& method, const std::vector<ParsedRoute>& routes,
             SchemaErrors* errors) const;

  // Adds the name in `/events` of a method that is served, and must be kept.
  void Add(const Method& method);

 private:
  const PathRouter::Options options_;
  const PathRouterBuilder& router_;
  const std::deque<Route>& routes_;
  absl::flat_hash_map<std::string, const Method*> bundle_names_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_ROUTE_CLASHES_H_
