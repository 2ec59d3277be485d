#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_SUPPORT_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_SUPPORT_H_

// Helpers shared by streaming and unary calls. Includes gRPC headers; for use
// in bridge/upstream only.

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <grpcpp/support/string_ref.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// A buffer of one slice that owns the bytes.
grpc::ByteBuffer ToByteBuffer(std::string bytes);

inline absl::string_view SliceView(const grpc::Slice& slice) {
  return absl::string_view(reinterpret_cast<const char*>(slice.begin()),
                           slice.size());
}

// Copies all bytes of `buffer` to `out`. Returns false if they cannot be read.
bool FlattenByteBuffer(const grpc::ByteBuffer& buffer, std::string* out);

// Applies `options` to an unused context. On error the call must not be sent.
absl::Status ApplyOptions(const CallOptions& options,
                          grpc::ClientContext* context);

// Reports the entries of `received` that `options` selects, if there are any.
void TellMetadata(
    const CallOptions& options,
    const std::multimap<grpc::string_ref, grpc::string_ref>& received);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_GRPC_CALL_SUPPORT_H_
