#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_

// What openapi.cc puts together; nobody else includes it.

#include <string>
#include <utility>
#include <vector>

#include "bridge/codegen/json_schema.h"
#include "bridge/codegen/openapi.h"

namespace sse_bridge {

// A reference to a component: Component("responses", "NotFound").
Json Component(const std::string& kind, const std::string& name);

// --- openapi_path.cc: what a request of a route consists of

// "/v1/shelves/{name_1}:read": the key of the route's path item, with a
// parameter for each part of the path that varies.
struct OpenApiPath {
  std::string key;
  std::string shape;  // the same for all paths that match the same

  struct Variable {
    std::string name;
    int field;      // which of the route's path_fields; -1: none
    bool whole;     // it is the whole field, not a part of it
    bool segments;  // it may hold slashes
  };
  std::vector<Variable> variables;
};
OpenApiPath PathOf(const Route& route);

// The parameters of path, query and headers. The names of the path's are those
// of `path`, which may be another route's of the same shape.
Json ParametersOf(const Route& route, const OpenApiPath& path,
                  const JsonSchemas& schemas, OpenApiOptions::Version version);

// Null when the route takes no body.
Json RequestBodyOf(const Route& route, const JsonSchemas& schemas);

// --- openapi_response.cc: what is answered

Json ResponsesOf(const Route& route, const JsonSchemas& schemas,
                 OpenApiOptions::Version version);

// Of `/events`, which carries the streams of these routes.
Json BundleResponses(
    const std::vector<std::pair<std::string, const Route*>>& streams,
    const JsonSchemas& schemas, OpenApiOptions::Version version);

// components/responses, and the schemas that these responses refer to.
Json ErrorResponses();
Json ErrorSchemas();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_
