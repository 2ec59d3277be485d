#ifndef SSE_BRIDGE_BRIDGE_WEB_SCHEMA_JSON_H_
#define SSE_BRIDGE_BRIDGE_WEB_SCHEMA_JSON_H_

#include <string>

#include "bridge/schema/schema.h"

namespace sse_bridge {

// Returns the content of `/schema.json`, from which the stream explorer builds
// its forms:
//
//   {"version", "services": [{"name", "comment", "methods": [{
//        "name", "full_name", "streaming", "summary", "description",
//        "client": "orders.stream", "json_names",
//        "routes": [{"verb", "path", "body", "raw_body", "path_fields"}],
//        "request": TYPE, "response": TYPE,
//        "access": {"authenticated", "scopes": [[...]], "roles": [[...]],
//                   "subject_into"},
//        "stream": {"event", "event_from", "events", "id_from",
//                   "resume_into", "bundle"}}]}],
//    "messages": {TYPE: [{"name", "json_name", "type", "type_name",
//                         "repeated", "map", "oneof", "optional", "comment",
//                         "rules", "texts": {RULE: TEXT}}]},
//    "enums": {TYPE: [NAME, ...]},
//    "message_rules": {TYPE: [TEXT, ...]},
//    "not_served": [{"method": FULL_NAME, "where": "FILE:LINE", "reason"}]}
//
// "version" is the bridge's. It contains only the methods that have a route,
// and the types that their requests can contain. "events" lists the names of
// events that the schema knows, if "event_from" is set. "type" is the type's
// name in .proto files ("int32", "message"). A map field has the type of its
// values, and "map" is the type of its keys. "raw_body" is true if the body is
// the bytes of a google.api.HttpBody. "rules" is buf.validate's FieldRules in
// JSON, with the `ignore` that holds. "texts" says in words what each rule
// demands, by its path within FieldRules ("repeated.items.string.min_len"), and
// "message_rules" what the rules of whole messages demand. "client" is the
// method's name in the generated TypeScript client, which uses the fields'
// "json_name" if "json_names" is true. Values that are empty, false or equal to
// "name" are omitted.
std::string SchemaJson(const Schema& schema);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_SCHEMA_JSON_H_
