#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_REFLECTION_CLIENT_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_REFLECTION_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/reflection/reflection.h"
#include "grpc/reflection/v1/reflection.pb.h"

namespace sse_bridge {

// Asks a backend's gRPC server reflection, in the version that it has (v1, else
// v1alpha). Blocks, so it must not be used on gRPC's threads. Used by one
// thread. Errors name the backend and what was asked for.
class ReflectionClient {
 public:
  // `timeout` is for all requests together. `watcher` may be null, and is
  // called while answers are awaited. Both must outlive the client.
  ReflectionClient(Upstream* upstream, absl::Duration timeout,
                   const ReflectionWatcher& watcher);
  ReflectionClient(const ReflectionClient&) = delete;
  ReflectionClient& operator=(const ReflectionClient&) = delete;

  // The answer, or the backend's error. `what` describes the request.
  absl::StatusOr<grpc::reflection::v1::ServerReflectionResponse> Ask(
      const grpc::reflection::v1::ServerReflectionRequest& request,
      absl::string_view what);

  absl::Status Error(absl::StatusCode code, absl::string_view what,
                     absl::string_view why) const;

  // For ReflectionProgress.
  void set_files(size_t files) { files_ = files; }

 private:
  absl::StatusOr<std::string> Call(
      absl::string_view path,
      const grpc::reflection::v1::ServerReflectionRequest& request);

  Upstream* const upstream_;  // must outlive this
  const absl::Time deadline_;
  const ReflectionWatcher& watcher_;
  size_t files_ = 0;

  // Ticks also pass while many short calls are made.
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_tick_ =
      start_ + absl::ToChronoNanoseconds(kReflectionTick);

  size_t version_ = 0;  // index of the path
  bool version_known_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_REFLECTION_REFLECTION_CLIENT_H_
