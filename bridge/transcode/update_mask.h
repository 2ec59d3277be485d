#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_UPDATE_MASK_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_UPDATE_MASK_H_

#include <cstddef>

#include "absl/status/status.h"
#include "bridge/transcode/json_document.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// A body with more fields, or with longer paths in total, must set the mask
// itself: a short body that is nested deeply has long paths.
inline constexpr size_t kMaxMaskPaths = 1000;
inline constexpr size_t kMaxMaskBytes = 64 * 1024;

// The field of a request that a PATCH may omit (https://google.aip.dev/134): a
// singular google.protobuf.FieldMask named "update_mask". Null if there is
// none.
const google::protobuf::FieldDescriptor* UpdateMaskOf(
    const google::protobuf::Descriptor& request);

// Adds the path of every field that the JSON object contains to `mask`, in
// proto names. Messages contribute their fields; lists, maps, well-known types
// and empty objects are named as a whole. A null is named too: the field is to
// be cleared. `json` must have been read into a message of type `body` before.
// Errors are kInvalidArgument with a google.rpc.BadRequest.
absl::Status AddMaskOf(const JsonValue& json,
                       const google::protobuf::Descriptor& body,
                       google::protobuf::Message* mask);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_UPDATE_MASK_H_
