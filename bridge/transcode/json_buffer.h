#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_BUFFER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_BUFFER_H_

#include <cstddef>

#include "absl/base/optimization.h"

namespace sse_bridge {

// Memory that JSON is written to. It is kept from one message to the next, so
// that nothing is allocated in the steady state.
class JsonBuffer {
 public:
  JsonBuffer() = default;
  ~JsonBuffer();
  JsonBuffer(const JsonBuffer&) = delete;
  JsonBuffer& operator=(const JsonBuffer&) = delete;

  // Behind what is reserved there is always this much room, in bytes: for
  // commas, brackets, and text that is copied in blocks.
  static constexpr size_t kSlack = 64;

  // The start of the buffer.
  char* Begin() { return begin_; }

  // What was written is not needed any more: gives the memory back if it has
  // grown beyond what is worth keeping. Many threads have a buffer, and few of
  // them a large message again.
  void GiveBack();

  // Makes room for `n` bytes at `out`, a position in this buffer. Returns that
  // position, which may have moved.
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
