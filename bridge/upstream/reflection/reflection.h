#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_REFLECTION_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_REFLECTION_H_

#include <cstddef>
#include <functional>
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

// How far FetchSchema is.
struct ReflectionProgress {
  absl::Duration waited;  // since the start
  bool answered = false;  // the backend has answered before
  size_t files = 0;       // that have arrived
};

// Called on FetchSchema's thread, about every kReflectionTick. Returns false to
// give up.
using ReflectionWatcher = std::function<bool(const ReflectionProgress&)>;
inline constexpr absl::Duration kReflectionTick = absl::Milliseconds(200);

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
//   kCancelled          `watcher` gave up
//   kUnimplemented      no reflection service
//   kNotFound           no services, or none that is described
//   kDataLoss           unreadable answer
//   kResourceExhausted  too many files or bytes
// `watcher` may be null.
absl::StatusOr<ReflectedSchema> FetchSchema(
    Upstream* upstream, absl::Duration timeout,
    const ReflectionWatcher& watcher = nullptr);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_REFLECTION_H_
