#ifndef SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_OUTPUT_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_OUTPUT_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// What a connection is about to send: frame headers and control frames, which
// it owns, between payloads that its streams share with others. One write sends
// what all streams have added in a round of the loop.
//
// Shared bytes must stay valid until Flush. If the socket does not accept all,
// the rest is copied, so that no stream has to keep what it has handed over.
//
// Not thread-safe.
class Http2Output {
 public:
  // The batch is flushed when it reaches this size; it exceeds it by less than
  // a frame. Bounds the rest as well.
  static constexpr size_t kMaxBatchBytes = size_t{32} << 10;

  void AppendOwn(absl::string_view bytes);
  void AppendShared(absl::string_view bytes);

  bool empty() const { return parts_.empty(); }
  bool full() const { return bytes_ >= kMaxBatchBytes; }

  // Whether it contains bytes of streams.
  bool has_shared() const { return has_shared_; }

  // Whether bytes wait for space in the socket. Nothing may be appended then.
  bool blocked() const { return blocked_; }
  size_t unsent_bytes() const { return bytes_ + rest_.size(); }

  // Sends everything. Returns 0, Socket::kWouldBlock or Socket::kFailed. Adds
  // the calls of Send and the bytes accepted to the counters.
  ssize_t Flush(Socket* socket, uint64_t* writes, uint64_t* bytes);

 private:
  // Own bytes have no data: they are the next of `own_`.
  struct Part {
    const char* data;
    size_t size;
  };

  ssize_t SendRest(Socket* socket, uint64_t* writes, uint64_t* bytes);
  ssize_t SendBatch(Socket* socket, uint64_t* writes, uint64_t* bytes);
  void KeepFrom(size_t part, size_t offset, const char* own);
  void Clear();

  std::vector<Part> parts_;
  std::string own_;
  size_t bytes_ = 0;  // of the parts
  bool has_shared_ = false;
  std::string rest_;
  bool blocked_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_OUTPUT_H_
