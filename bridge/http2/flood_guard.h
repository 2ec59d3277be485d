#ifndef SSE_BRIDGE_BRIDGE_HTTP2_FLOOD_GUARD_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_FLOOD_GUARD_H_

#include <cstddef>
#include <cstdint>

#include "bridge/http2/frame_scanner.h"

namespace sse_bridge {

// How many frames that carry no request a client may send. Each costs points
// (CostOf); a connection has `burst` of them, and gets more with time and with
// each DATA frame that it is sent, which an honest client answers with up to
// two WINDOW_UPDATEs.
struct Http2FloodLimits {
  int burst = 2000;
  int per_second = 200;
  int per_data_frame = 4;

  // CONTINUATION frames of one header block. Ours are at most 16 KiB, so more
  // are needed only by tiny frames.
  int max_continuations = 8;
};

// Decides when a connection floods: with SETTINGS, PING, PRIORITY,
// WINDOW_UPDATE, RST_STREAM ("rapid reset"), CONTINUATION, empty DATA or
// unknown frames. Each is cheap to send and, unlike a request, has no other
// limit. Times are monotonic nanoseconds.
//
// Not thread-safe.
class Http2FloodGuard {
 public:
  Http2FloodGuard(const Http2FloodLimits& limits, int64_t now)
      : limits_(limits), points_(limits.burst), filled_at_(now) {}

  // Returns false if the connection must end. `answered` says whether the
  // frame's stream has been answered: resetting it wastes no work then.
  bool Admit(const Http2FrameHead& head, bool answered, int64_t now);

  void DataFrameSent();

  // The connection was sent an RST_STREAM that its own frames have caused. It
  // has the effect of one that it sends ("MadeYouReset"), and honest clients
  // cause none; but some open more streams than they may until they know how
  // many that is, which are `refused`.
  void ResetCaused(bool refused);

  // A request was answered whose head is too large. It costs as much work as
  // one that is served.
  void HeadRefused();

  // The connection must end.
  bool exhausted() const { return points_ < 0; }

  static int CostOf(const Http2FrameHead& head, bool answered);

 private:
  const Http2FloodLimits limits_;
  int64_t points_;
  int64_t filled_at_;
  int continuations_ = 0;  // since the last HEADERS
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_FLOOD_GUARD_H_
