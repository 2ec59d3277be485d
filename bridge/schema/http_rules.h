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

// The routes that a google.api.http option gives to `method`, in its order.
// What is wrong is added to `errors`, and then the result is incomplete.
std::vector<ParsedRoute> RoutesOf(const Method* method,
                                  const google::api::HttpRule& rule,
                                  SchemaErrors* errors);

// The rule that stands in for a missing one:
// GET and POST "/package.Service/Method".
google::api::HttpRule DefaultRule(
    const google::protobuf::MethodDescriptor* method);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_HTTP_RULES_H_
