#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_SHARE_BY_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_SHARE_BY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// One of the requests that a request stands for.
struct SharedRequest {
  // Serialised: equal requests have equal bytes.
  std::string bytes;

  // The first element of the `share_by` field that it is for.
  size_t index = 0;
};

// The requests of all elements of a request together may be so large.
inline constexpr size_t kMaxSharedRequestBytes = 16 << 20;

// A request for each different element of the repeated field `share_by`, in
// their order: the request with this element alone. Without a field, or with
// fewer than two elements, the request as it is. InvalidArgument when they are
// too large together.
absl::StatusOr<std::vector<SharedRequest>> SplitRequest(
    const google::protobuf::Message& request,
    const google::protobuf::FieldDescriptor* share_by);

// Equal messages give equal bytes, so bytes can be compared.
std::string SerializeCanonically(const google::protobuf::Message& message);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_SHARE_BY_H_
