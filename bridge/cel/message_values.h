#ifndef SSE_BRIDGE_BRIDGE_CEL_MESSAGE_VALUES_H_
#define SSE_BRIDGE_BRIDGE_CEL_MESSAGE_VALUES_H_

#include "absl/status/statusor.h"
#include "bridge/cel/budget.h"
#include "bridge/cel/value.h"
#include "google/protobuf/message.h"

namespace sse_bridge::cel {

// Values of messages and their fields. Texts and messages are borrowed from the
// message, which `owner` keeps alive, or the caller. `types` must outlive the
// value, which may point to it. Well-known types become what they stand for;
// the budget pays for what must be copied.

// Fails on an Any whose type is unknown or whose bytes are not of its type.
absl::StatusOr<Value> MessageValue(const google::protobuf::Message& message,
                                   Owner owner, const Types& types,
                                   Budget* budget);

// A field that is not set has its default; wrappers, Any and
// google.protobuf.Value are null then.
absl::StatusOr<Value> FieldValue(const google::protobuf::Message& message,
                                 const google::protobuf::FieldDescriptor* field,
                                 const Owner& owner, const Types& types,
                                 Budget* budget);

// An element of a repeated field.
absl::StatusOr<Value> ElementValue(
    const google::protobuf::Message& message,
    const google::protobuf::FieldDescriptor* field, int index,
    const Owner& owner, const Types& types, Budget* budget);

// What has() says: repeated fields have elements, fields without presence have
// another value than their default.
bool HasField(const google::protobuf::Message& message,
              const google::protobuf::FieldDescriptor* field);

// Makes a message of a literal's fields. `values` are as many as `fields`; null
// leaves a field of message type unset. Fails where a value is not of its
// field's type, or out of its range.
absl::StatusOr<Value> BuildMessage(
    const google::protobuf::Descriptor* type,
    const std::vector<const google::protobuf::FieldDescriptor*>& fields,
    const std::vector<Value>& values, const Types& types, Budget* budget);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_MESSAGE_VALUES_H_
