#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_CEL_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_CEL_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/validation_rules.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Adds the rules `cel` and `cel_expression` of a FieldRules. `this` is the
// whole field if `whole`, otherwise one value of it; fields without rules are
// fine. Errors are kInvalidArgument, for expressions that do not compile.
absl::Status AddCelRules(const google::protobuf::FieldDescriptor* field,
                         bool whole, const buf::validate::FieldRules& rules,
                         absl::string_view path, RuleSet* set, Rules* out);

// The same for rules of a whole message.
absl::Status AddCelRules(const google::protobuf::Descriptor* message,
                         const buf::validate::MessageRules& rules, RuleSet* set,
                         Rules* out);

// Adds rules that this program's validate.proto does not have: predefined rules
// (extensions with the option buf.validate.predefined), and rules of a later
// version, whose definition is in the schema. `rules` is the schema's own
// message of rules, such as StringRules. Errors are kInvalidArgument, also for
// rules without a definition.
absl::Status AddPredefinedRules(const google::protobuf::FieldDescriptor* field,
                                bool whole,
                                const google::protobuf::Message& rules,
                                absl::string_view path, RuleSet* set,
                                Rules* out);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_CEL_H_
