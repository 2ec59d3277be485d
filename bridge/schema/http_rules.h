#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_HTTP_RULES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_HTTP_RULES_H_

#include <vector>

#include "bridge/schema/method.h"
#include "bridge/schema/path_template.h"
#include "bridge/schema/schema_errors.h"
#include "google/api/http.pb.h"

namespace sse_bridge {

struct ParsedRoute {
  Route route;
  PathTemplate path_template;
};

// Returns the routes that a google.api.http option defines for `method`, in
// order. Appends errors to `errors`; the result is then incomplete.
std::vector<ParsedRoute> RoutesOf(const Method* method,
                                  const google::api::HttpRule& rule,
                                  SchemaErrors* errors);

// Returns the rule used if there is none: GET and POST on
// "/package.Service/Method".
google::api::HttpRule DefaultRule(
    const google::protobuf::MethodDescriptor* method);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_HTTP_RULES_H_
