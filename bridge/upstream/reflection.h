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

  // Services that the backend lists but cannot describe, and imports that it
  // does not have.
  std::vector<std::string> warnings;
};

// Fetches a backend's schema by gRPC server reflection (v1, else v1alpha): the
// files of all services except reflection and health, and all their imports,
// each file after the files it imports. An import that the backend does not
// return but that is linked into this program (google/protobuf/...,
// google/api/...) is taken from here. If the backend has an import's types
// under another file name, that file is imported instead. What is not available
// is omitted and reported in `warnings`.
//
// Waits for the backend to come up, at most `timeout` in total. Blocks, so it
// must not be called on gRPC's threads. Errors name the backend and the
// request:
//   kUnavailable, kDeadlineExceeded, ...  status of the backend's call
//   kUnimplemented      no reflection service
//   kNotFound           no services, or none that is described
//   kDataLoss           unreadable answer
//   kResourceExhausted  too many files or bytes
absl::StatusOr<ReflectedSchema> FetchSchema(Upstream* upstream,
                                            absl::Duration timeout);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_H_
