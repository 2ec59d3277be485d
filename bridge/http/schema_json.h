#ifndef SSE_BRIDGE_BRIDGE_HTTP_SCHEMA_JSON_H_
#define SSE_BRIDGE_BRIDGE_HTTP_SCHEMA_JSON_H_

#include <string>

#include "bridge/schema/schema.h"

namespace sse_bridge {

// The schema as `/schema.json` tells it, which is what the stream explorer
// builds its forms of:
//
//   {"services": [{"name", "comment", "methods": [{
//        "name", "full_name", "streaming", "summary", "description",
//        "routes": [{"verb", "path", "body", "path_fields"}],
//        "request": TYPE, "response": TYPE,
//        "access": {"authenticated", "scopes": [[...]], "roles": [[...]],
//                   "subject_into"},
//        "stream": {"event", "event_from", "id_from", "resume_into",
//                   "bundle"}}]}],
//    "messages": {TYPE: [{"name", "type", "type_name", "repeated", "map",
//                         "oneof", "optional", "comment", "rules"}]},
//    "enums": {TYPE: [NAME, ...]}}
//
// Only methods that HTTP reaches are in it, and only the types that their
// requests can hold. "type" is the .proto's word ("int32", "message"); a map's
// field has the type of its values, and "map" that of its keys. "rules" is
// buf.validate's FieldConstraints in JSON. What is empty or false is left out.
std::string SchemaJson(const Schema& schema);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_SCHEMA_JSON_H_
