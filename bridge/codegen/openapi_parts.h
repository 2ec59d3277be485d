#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_

// Parts of the document, used by openapi.cc and tests only.

#include <string>
#include <utility>
#include <vector>

#include "bridge/codegen/json_schema.h"
#include "bridge/codegen/openapi.h"
#include "bridge/feed/formats/output_formats.h"

namespace sse_bridge {

// Returns a reference to a component: Component("responses", "NotFound").
Json Component(const std::string& kind, const std::string& name);

// --- openapi_path.cc: the request of a route

// "/v1/shelves/{name_1}:read": the key of the route's path item, with a
// parameter for each variable part of the path.
struct OpenApiPath {
  std::string key;
  std::string shape;  // the same for all templates that match the same paths

  struct Variable {
    std::string name;
    int field;      // index in the route's path_fields; -1: none
    bool whole;     // the whole field, not a part of it
    bool segments;  // may contain slashes
  };
  std::vector<Variable> variables;
};
OpenApiPath PathOf(const Route& route);

// Parameters of path, query and headers. Path parameters have the names in
// `path`, which may belong to another route with the same shape.
Json ParametersOf(const Route& route, const OpenApiPath& path,
                  const JsonSchemas& schemas, OpenApiOptions::Version version);

// The rules that belong to no parameter and no body: those of the request as a
// whole and of messages in its query, if the body is not the whole request, and
// those of fields of which the path contains parts. For `x-validation`.
Json OperationRulesOf(const Route& route, const JsonSchemas& schemas);

// Null if the route accepts no body.
Json RequestBodyOf(const Route& route, const JsonSchemas& schemas);

// --- openapi_response.cc: the responses

Json ResponsesOf(const Route& route, const JsonSchemas& schemas,
                 OpenApiOptions::Version version);

// The content of a stream's response: one media type for each format. `events`
// is the media type of server-sent events, `element` the schema of one message.
Json StreamContent(const OutputFormats& formats, const Json& events,
                   const Json& element, OpenApiOptions::Version version);

// Responses of `/events`, which carries the streams of these routes.
Json BundleResponses(
    const std::vector<std::pair<std::string, const Route*>>& streams,
    const JsonSchemas& schemas, OpenApiOptions::Version version);

// components/responses, and the schemas they refer to.
Json ErrorResponses();
Json ErrorSchemas();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_
