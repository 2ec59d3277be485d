#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_BUFFER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_BUFFER_H_

#include <cstddef>

#include "absl/base/optimization.h"

namespace sse_bridge {

// An output buffer for JSON. It is reused between messages, so that the steady
// state allocates nothing.
class JsonBuffer {
 public:
  JsonBuffer() = default;
  ~JsonBuffer();
  JsonBuffer(const JsonBuffer&) = delete;
  JsonBuffer& operator=(const JsonBuffer&) = delete;

  // The buffer always has this many spare bytes after the reserved range, for
  // commas, brackets, and text that is copied in blocks.
  static constexpr size_t kSlack = 64;

  // The start of the buffer.
  char* Begin() { return begin_; }

  // Discards the contents, and frees the memory if it has grown beyond a size
  // worth keeping. Every encoding thread has a buffer, and large messages are
  // rare.
  void GiveBack();

  // Reserves `n` bytes at `out`, a position in this buffer. Returns the
  // position, which changes if the buffer is reallocated.
  char* Reserve(char* out, size_t n) {
    if (ABSL_PREDICT_TRUE(static_cast<size_t>(end_ - out) >= n + kSlack)) {
      return out;
    }
    return Grow(out, n);
  }

 private:
  char* Grow(char* out, size_t n);

  char* begin_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_BUFFER_H_
