#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_

// Parts of the document, used by openapi.cc and tests only.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/codegen/document_writer.h"
#include "bridge/codegen/json_schema.h"
#include "bridge/codegen/openapi.h"
#include "bridge/feed/formats/output_formats.h"

namespace openapi::v3 {
class Document;
}  // namespace openapi::v3

namespace sse_bridge {

// Returns a reference to a component: Component("responses", "NotFound").
Json Component(const std::string& kind, const std::string& name);

// --- openapi_info.cc: info and tags

// The tag of `/events`.
inline constexpr char kBundleTag[] = "events";

// What the schema says of the API as a whole, by the option
// openapi.v3.document of its files or else by names and comments.
class DocumentTexts {
 public:
  explicit DocumentTexts(const Schema& schema);
  ~DocumentTexts();
  DocumentTexts(const DocumentTexts&) = delete;
  DocumentTexts& operator=(const DocumentTexts&) = delete;

  // The service's name, or its full name if another one has the same name.
  std::string NameOf(const google::protobuf::ServiceDescriptor* service) const;

  // The tags of a method's operations: its own, else its service's name.
  std::vector<std::string> TagsOf(const Method& method) const;

  Json Info(const OpenApiOptions& options) const;

  // The tags that the schema describes, and all others that operations have.
  Json Tags(bool has_bundle) const;

  // Null if there are none.
  Json ExternalDocs() const;

 private:
  std::unique_ptr<const openapi::v3::Document> document_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
  std::map<std::string, int> names_;  // of services
  std::vector<std::string> packages_;
  std::vector<std::string> used_tags_;
};

// --- openapi_components.cc: components

// The components that parts of a document refer to.
class References {
 public:
  void AddAll(const Json& value);
  bool Contains(const std::string& kind, const std::string& name) const;

  // Adds what those that are contained refer to. `below` has the references of
  // each component, by its own ("#/components/schemas/NAME").
  void Close(const std::map<std::string, References>& below);

 private:
  std::set<std::string> found_;
};

// Writes the schemas, responses and parameters that `used` needs.
void WriteComponents(const JsonSchemas& schemas, References used,
                     DocumentWriter* out);

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
// OpenAPI 3.1 is for generators of clients, so it has no array: they would
// prefer it and wait for its end.
Json StreamContent(const OutputFormats& formats, const Json& events,
                   const Json& element, OpenApiOptions::Version version);

// Responses of `/events`, which carries the streams of these routes.
Json BundleResponses(
    const std::vector<std::pair<std::string, const Route*>>& streams,
    const JsonSchemas& schemas, OpenApiOptions::Version version);

// The schemas of the bridge's own events and of their data.
Json EventSchemas();

// --- openapi_errors.cc: the responses of failed requests

// Adds the responses with these statuses, and the default.
void AddErrors(const std::vector<int>& statuses, Json* responses);

// components/responses, and the schemas they refer to.
Json ErrorResponses();
Json ErrorSchemas(const JsonSchemas& schemas);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_PARTS_H_
