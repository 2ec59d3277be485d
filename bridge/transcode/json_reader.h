#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_READER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_READER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/transcode/json_document.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Where in the request a value is; lives on the stack of the walk, so that it
// costs nothing unless there is an error to tell.
struct JsonLocation {
  const JsonLocation* up = nullptr;  // null for the whole request
  absl::string_view name;            // of a field; empty for an element
  int index = -1;                    // of an element of an array
  bool is_key = false;               // `name` is a key of a map

  std::string ToString() const;
};

// The walk behind json_request.h: a parsed JSON value into a message. Split
// over two files: json_request.cc has messages, fields and maps, json_known.cc
// the well-known types. Recursion is bounded by kMaxJsonDepth.
namespace json_reader {

absl::Status ReadMessage(const JsonValue& value, const JsonLocation& place,
                         google::protobuf::Message* out);

// The value of a field, as one member of an object has it.
absl::Status ReadField(const JsonValue& value, const JsonLocation& place,
                       const google::protobuf::FieldDescriptor* field,
                       google::protobuf::Message* out);

// The members of an object into an ordinary message. `skip` names a member
// that is not a field ("@type"); empty for none.
absl::Status ReadMembers(const JsonValue& object, const JsonLocation& place,
                         absl::string_view skip,
                         google::protobuf::Message* out);

// One value into a singular field, or as a new element of a repeated one.
absl::Status ReadSingle(const JsonValue& value, const JsonLocation& place,
                        const google::protobuf::FieldDescriptor* field,
                        google::protobuf::Message* out);

// A message of a well-known type.
absl::Status ReadKnown(const JsonValue& value, const JsonLocation& place,
                       google::protobuf::Message* out);

absl::Status Error(const JsonLocation& place, absl::string_view reason);

}  // namespace json_reader
}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_READER_H_
