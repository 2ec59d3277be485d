#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_REQUEST_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_REQUEST_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// ProtoJSON text (https://protobuf.dev/programming-guides/json/) to a message,
// generated or dynamic. Names in either form (json_name or as in the .proto);
// what names no field is refused, as is a field that is there twice. Any is
// resolved in the pool of `out`'s own descriptor.
//
// The InvalidArgument's message names the place ("symbols[2]: expected a
// string"; line and column where the JSON itself is malformed), and carries a
// google.rpc.BadRequest. `out` is then in an unspecified state.
//
// Required fields (proto2) are not checked within `out`, since a query or path
// may still fill them; within an Any they are.
absl::Status JsonToMessage(absl::string_view json,
                           google::protobuf::Message* out);

// The same for the value of one field of `out`, of any kind: what
// google.api.HttpRule.body names.
absl::Status JsonToField(absl::string_view json,
                         const google::protobuf::FieldDescriptor* field,
                         google::protobuf::Message* out);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_REQUEST_H_
