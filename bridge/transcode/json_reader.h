#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_READER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_READER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/transcode/json_document.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// The location of a value in the request. A linked list on the stack of the
// recursive reader, so that it costs nothing unless an error is reported.
struct JsonLocation {
  const JsonLocation* up = nullptr;  // null for the whole request
  absl::string_view name;  // of a field or map key; empty for an element
  int index = -1;          // of an array element
  bool is_key = false;     // `name` is a map key

  std::string ToString() const;
};

// The implementation of json_request.h: reads a parsed JSON value into a
// message. json_request.cc handles messages, fields and maps; json_known.cc
// handles the well-known types. kMaxJsonDepth bounds the recursion.
namespace json_reader {

absl::Status ReadMessage(const JsonValue& value, const JsonLocation& location,
                         google::protobuf::Message* out);

// Reads a field's value as it appears as a member of an object.
absl::Status ReadField(const JsonValue& value, const JsonLocation& location,
                       const google::protobuf::FieldDescriptor* field,
                       google::protobuf::Message* out);

// Reads the members of an object into an ordinary message. `skip` names a
// member that is not a field ("@type"); empty if there is none.
absl::Status ReadMembers(const JsonValue& object, const JsonLocation& location,
                         absl::string_view skip,
                         google::protobuf::Message* out);

// Reads one value into a singular field, or as a new element of a repeated
// field.
absl::Status ReadSingle(const JsonValue& value, const JsonLocation& location,
                        const google::protobuf::FieldDescriptor* field,
                        google::protobuf::Message* out);

// Reads a message of a well-known type.
absl::Status ReadKnown(const JsonValue& value, const JsonLocation& location,
                       google::protobuf::Message* out);

absl::Status Error(const JsonLocation& location, absl::string_view reason);

}  // namespace json_reader
}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_READER_H_
