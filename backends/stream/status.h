#ifndef SSE_BRIDGE_BACKENDS_STREAM_STATUS_H_
#define SSE_BRIDGE_BACKENDS_STREAM_STATUS_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace sse_bridge {

inline grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

inline void SetNow(google::protobuf::Timestamp* timestamp) {
  const timespec now = absl::ToTimespec(absl::Now());
  timestamp->set_seconds(now.tv_sec);
  // Browsers' clocks have millisecond precision.
  timestamp->set_nanos(
      static_cast<int32_t>(now.tv_nsec / 1'000'000 * 1'000'000));
}

// Ends a unary call immediately.
inline grpc::ServerUnaryReactor* FinishNow(grpc::CallbackServerContext* context,
                                           const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_STATUS_H_
