#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

struct ReflectedSchema {
  google::protobuf::FileDescriptorSet files;

  // Services that the backend lists and cannot describe, imports that it does
  // not have.
  std::vector<std::string> warnings;
};

// Asks a backend for its schema by gRPC server reflection (v1, else v1alpha):
// the files of all its services but the reflection and health services
// themselves, with all their imports, each file after what it imports. An
// import that the backend does not hand out but that is linked into this
// program (google/protobuf/..., google/api/...) is taken from here. Where the
// backend has an import's types under another file name, that one is imported.
// What cannot be had is left out and told.
//
// Waits for the backend to come up, `timeout` long in all; blocks, so not for
// gRPC's threads. Errors name the backend and what was asked:
//   kUnavailable, kDeadlineExceeded, ...  as the backend's call ended
//   kUnimplemented      no reflection service
//   kNotFound           no services, or none that is described
//   kDataLoss           an answer that cannot be read
//   kResourceExhausted  more files or bytes than are taken
absl::StatusOr<ReflectedSchema> FetchSchema(Upstream* upstream,
                                            absl::Duration timeout);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_H_
