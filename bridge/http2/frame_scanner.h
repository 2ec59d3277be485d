#ifndef SSE_BRIDGE_BRIDGE_HTTP2_FRAME_SCANNER_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_FRAME_SCANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "bridge/http/http2_acceptor.h"

namespace sse_bridge {

// The header of a frame (RFC 9113, 4.1).
struct Http2FrameHead {
  enum Type : uint8_t {
    kData = 0,
    kHeaders = 1,
    kPriority = 2,
    kRstStream = 3,
    kSettings = 4,
    kPing = 6,
    kGoAway = 7,
    kWindowUpdate = 8,
    kContinuation = 9,
    kPriorityUpdate = 16,  // RFC 9218
  };
  static constexpr uint8_t kEndStream = 1;  // of DATA and HEADERS
  static constexpr uint8_t kAck = 1;        // of SETTINGS and PING

  uint32_t length = 0;
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
};

// Finds the headers of the frames in a client's bytes, from its preface on, so
// that floods can be counted before anything is parsed. Ignores payloads, and
// checks nothing.
//
// Not thread-safe.
class Http2FrameScanner {
 public:
  // Skips to the end of the next frame's header. Removes what it has passed
  // from `input`. Returns false if the input ends before that.
  bool Next(absl::string_view* input, Http2FrameHead* head);

 private:
  static constexpr size_t kHeadBytes = 9;

  size_t skip_ = kHttp2Preface.size();  // before the next header
  size_t have_ = 0;                     // bytes of `bytes_`
  std::array<uint8_t, kHeadBytes> bytes_{};
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_FRAME_SCANNER_H_
