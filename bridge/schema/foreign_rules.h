#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_FOREIGN_RULES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_FOREIGN_RULES_H_

#include <string>

#include "bridge/schema/schema_errors.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// The bridge does not enforce the rules of protoc-gen-validate
// (validate/validate.proto, package `validate`), so a request type that has
// them must not be served as if it had none.
//
// Returns whether an option of the message itself, its fields or its oneofs is
// one of protoc-gen-validate: `rules` of a field, `required` of a oneof,
// `disabled` or `ignored` of a message. Appends an error for each, if `errors`
// is not null.
bool HasForeignRules(const google::protobuf::Descriptor* message,
                     SchemaErrors* errors);

// Returns whether the message itself, its fields or its oneofs have an option
// of buf.validate, including one that this program does not know.
bool HasValidationRules(const google::protobuf::Descriptor* message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_FOREIGN_RULES_H_
