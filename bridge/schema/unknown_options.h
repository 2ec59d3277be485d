#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_UNKNOWN_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_UNKNOWN_OPTIONS_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// The fields of an option (and of the messages in it) that this program does
// not know, as "string.email (field 12)": a newer or larger contract than the
// one compiled in. What is unknown cannot be honoured, so it must be refused.
//
// `declared` is the option's type as the schema itself declares it, if it
// does; the names are taken from there. May be null.
std::vector<std::string> UnknownOptionFields(
    const google::protobuf::Message& option,
    const google::protobuf::Descriptor* declared);

// The type that the schema declares for extension `number` of `extendee`
// ("google.protobuf.MethodOptions"); null when it does not.
const google::protobuf::Descriptor* DeclaredOptionType(
    const google::protobuf::DescriptorPool& pool, const std::string& extendee,
    int number);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_UNKNOWN_OPTIONS_H_
