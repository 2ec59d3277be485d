#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_ANNOTATIONS_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_ANNOTATIONS_H_

// What a schema says of its documents by the options of gnostic's
// openapiv3/annotations.proto. Only texts and examples are taken from them:
// what the bridge serves follows from the other options. Used by openapi*.cc
// and json_schema*.cc only.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "openapiv3/OpenAPIv3.pb.h"

namespace sse_bridge {

using Json = nlohmann::ordered_json;

// The options openapi.v3.document of these files as one. If several set a text,
// the first has precedence; tags are those of all.
openapi::v3::Document DocumentOf(
    const std::vector<const google::protobuf::FileDescriptor*>& files);

// The members of an Info Object that are set, except title and version.
Json InfoOf(const openapi::v3::Info& info);

// A Tag Object.
Json TagOf(const openapi::v3::Tag& tag);

// {"description": ..., "url": ...}; null without a URL.
Json ExternalDocsOf(const openapi::v3::ExternalDocs& docs);

// The value written in YAML; null if it is missing or cannot be read.
Json ExampleOf(const openapi::v3::Any& example);

// Adds title, description, example and so on to the schema of a message (option
// openapi.v3.schema) or a field (openapi.v3.property).
void Annotate(const openapi::v3::Schema& texts, Json* schema);

// Gives the example of a message's schema the members' JSON names. Members that
// `names` lacks are left out.
void AlignExample(const std::map<const google::protobuf::FieldDescriptor*,
                                 std::string>& names,
                  Json* schema);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_ANNOTATIONS_H_
