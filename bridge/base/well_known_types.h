#ifndef SSE_BRIDGE_BRIDGE_BASE_WELL_KNOWN_TYPES_H_
#define SSE_BRIDGE_BRIDGE_BASE_WELL_KNOWN_TYPES_H_

#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Returns whether this is a wrapper such as google.protobuf.Int64Value, whose
// only field is `value`.
inline bool IsWrapper(const google::protobuf::Descriptor* message) {
  using google::protobuf::Descriptor;
  switch (message->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case Descriptor::WELLKNOWNTYPE_BOOLVALUE:
      return true;
    default:
      return false;
  }
}

// Returns whether this is google.api.HttpBody, which is sent and received as
// raw bytes: by its name and by the two fields that the bridge reads. A type
// of that name with other fields is an ordinary message.
// https://github.com/googleapis/googleapis/blob/master/google/api/httpbody.proto
inline bool IsHttpBody(const google::protobuf::Descriptor* message) {
  using google::protobuf::FieldDescriptor;
  const auto has = [message](int number, const char* name,
                             FieldDescriptor::Type type) {
    const FieldDescriptor* field = message->FindFieldByNumber(number);
    return field != nullptr && field->name() == name && field->type() == type &&
           !field->is_repeated();
  };
  return message->full_name() == "google.api.HttpBody" &&
         has(1, "content_type", FieldDescriptor::TYPE_STRING) &&
         has(2, "data", FieldDescriptor::TYPE_BYTES);
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_WELL_KNOWN_TYPES_H_
