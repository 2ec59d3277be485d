#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

// Asks a backend for its schema by gRPC server reflection (v1, else v1alpha):
// the files of all its services but the reflection and health services
// themselves, with all their imports, each file after what it imports. An
// import that the backend does not hand out but that is linked into this
// program (google/protobuf/..., google/api/...) is taken from here.
//
// Waits for the backend to come up, `timeout` long in all; blocks, so not for
// gRPC's threads. Errors name the backend and what was asked:
//   kUnavailable, kDeadlineExceeded, ...  as the backend's call ended
//   kUnimplemented      no reflection service
//   kNotFound           no services, or a file or import that is missing
//   kDataLoss           an answer that cannot be read
//   kResourceExhausted  more files or bytes than are taken
absl::StatusOr<google::protobuf::FileDescriptorSet> FetchSchema(
    Upstream* upstream, absl::Duration timeout);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_H_
