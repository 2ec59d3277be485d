#ifndef SSE_BRIDGE_BRIDGE_WEB_SCHEMA_JSON_H_
#define SSE_BRIDGE_BRIDGE_WEB_SCHEMA_JSON_H_

#include <string>

#include "bridge/schema/schema.h"

namespace sse_bridge {

// The schema as `/schema.json` tells it, which is what the stream explorer
// builds its forms of:
//
//   {"services": [{"name", "comment", "methods": [{
//        "name", "full_name", "streaming", "summary", "description",
//        "client": "orders.stream", "json_names",
//        "routes": [{"verb", "path", "body", "path_fields"}],
//        "request": TYPE, "response": TYPE,
//        "access": {"authenticated", "scopes": [[...]], "roles": [[...]],
//                   "subject_into"},
//        "stream": {"event", "event_from", "id_from", "resume_into",
//                   "bundle"}}]}],
//    "messages": {TYPE: [{"name", "json_name", "type", "type_name",
//                         "repeated", "map", "oneof", "optional", "comment",
//                         "rules"}]},
//    "enums": {TYPE: [NAME, ...]}}
//
// Only methods that HTTP reaches are in it, and only the types that their
// requests can hold. "type" is the .proto's word ("int32", "message"); a map's
// field has the type of its values, and "map" that of its keys. "rules" is
// buf.validate's FieldConstraints in JSON. "client" is what the generated
// TypeScript client calls the method; it takes fields by their "json_name"
// where "json_names" is true. What is empty, false or equal to "name" is left
// out.
std::string SchemaJson(const Schema& schema);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_SCHEMA_JSON_H_
