#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_UNKNOWN_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_UNKNOWN_OPTIONS_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Returns the fields of an option (and of its nested messages) that this
// program does not know, as "string.email (field 12)". They are from a newer or
// larger contract than the one compiled in. Unknown fields cannot be honoured,
// so they must be rejected.
//
// `declared` is the option's type as declared in the schema, which provides the
// names; may be null.
std::vector<std::string> UnknownOptionFields(
    const google::protobuf::Message& option,
    const google::protobuf::Descriptor* declared);

// Returns the type that the schema declares for extension `number` of
// `extendee` ("google.protobuf.MethodOptions"); null if there is none.
const google::protobuf::Descriptor* DeclaredOptionType(
    const google::protobuf::DescriptorPool& pool, const std::string& extendee,
    int number);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_UNKNOWN_OPTIONS_H_
