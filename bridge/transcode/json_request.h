#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_REQUEST_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/transcode/json_document.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Reads ProtoJSON (https://protobuf.dev/programming-guides/json/) into a
// generated or dynamic message. Accepts field names in both forms (json_name
// and proto name). Refuses unknown and repeated fields. Any is resolved in the
// pool of `out`'s descriptor.
//
// Errors are InvalidArgument. The message names the location ("symbols[2]:
// expected a string"; line and column if the JSON itself is malformed), and the
// status carries a google.rpc.BadRequest. `out` is then in an unspecified
// state.
//
// Required fields (proto2) are not checked in `out`, because query or path may
// still set them. They are checked inside an Any.
absl::Status JsonToMessage(const JsonValue& json,
                           google::protobuf::Message* out);

// Same, but parses the JSON too.
absl::Status JsonToMessage(absl::string_view json,
                           google::protobuf::Message* out);

// Same as the first, for the value of one field of `out` of any kind. This is
// the field that google.api.HttpRule.body names.
absl::Status JsonToField(const JsonValue& json,
                         const google::protobuf::FieldDescriptor* field,
                         google::protobuf::Message* out);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_REQUEST_H_
