#ifndef SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RAW_HTTP2_H_
#define SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RAW_HTTP2_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Returns whether what a client has sent contains a whole HEADERS frame. Fields
// may be compressed, so their text says nothing.
inline bool HasRequest(absl::string_view sent) {
  constexpr size_t kPreface = 24;
  constexpr size_t kFrameHead = 9;
  size_t at = kPreface;
  while (sent.size() >= at + kFrameHead) {
    size_t length = 0;
    for (size_t i = 0; i < 3; ++i) {
      length = length << 8 | static_cast<unsigned char>(sent[at + i]);
    }
    if (sent.size() < at + kFrameHead + length) return false;
    if (sent[at + 3] == 1) return true;
    at += kFrameHead + length;
  }
  return false;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RAW_HTTP2_H_
