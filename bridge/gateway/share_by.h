#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_SHARE_BY_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_SHARE_BY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// One of the requests that a request is split into.
struct SharedRequest {
  // The serialised request. Equal requests have equal bytes.
  std::string bytes;

  // Index of its first element in the `share_by` field.
  size_t index = 0;
};

// Maximum total size of the requests that one request is split into, in bytes.
inline constexpr size_t kMaxSharedRequestBytes = 16 << 20;

// Splits a request by the distinct elements of the repeated field `share_by`:
// one request per element, in order, with only this element in the field. If
// `share_by` is null or has fewer than two elements, returns the request
// itself. Returns kInvalidArgument if the requests are too large in total.
absl::StatusOr<std::vector<SharedRequest>> SplitRequest(
    const google::protobuf::Message& request,
    const google::protobuf::FieldDescriptor* share_by);

// Serialises deterministically: equal messages have equal bytes.
std::string SerializeCanonically(const google::protobuf::Message& message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_SHARE_BY_H_
