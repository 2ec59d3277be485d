#include "bridge/http2/flood_guard.h"

#include <algorithm>

namespace sse_bridge {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

}  // namespace

int Http2FloodGuard::CostOf(const Http2FrameHead& head, bool answered) {
  switch (head.type) {
    case Http2FrameHead::kHeaders:
      return 0;  // a request, which has limits of its own
    case Http2FrameHead::kData:
      return head.length == 0 && (head.flags & Http2FrameHead::kEndStream) == 0
                 ? 10
                 : 0;
    case Http2FrameHead::kWindowUpdate:
      return 1;
    case Http2FrameHead::kPriority:
    case Http2FrameHead::kPriorityUpdate:
      return 2;
    case Http2FrameHead::kRstStream:
      return answered ? 1 : 10;
    case Http2FrameHead::kPing:
      return 10;
    case Http2FrameHead::kSettings:
      return 20;
    default:
      return 5;
  }
}

bool Http2FloodGuard::Admit(const Http2FrameHead& head, bool answered,
                            int64_t now) {
  if (head.type == Http2FrameHead::kHeaders) continuations_ = 0;
  if (head.type == Http2FrameHead::kContinuation &&
      ++continuations_ > limits_.max_continuations) {
    return false;
  }
  const int cost = CostOf(head, answered);
  if (cost == 0) return true;
  const int64_t elapsed = std::min(now - filled_at_, 3600 * kSecond);
  const int64_t earned = elapsed * limits_.per_second / kSecond;
  if (earned > 0) {
    filled_at_ = now;
    points_ = std::min<int64_t>(points_ + earned, limits_.burst);
  }
  points_ -= cost;
  return points_ >= 0;
}

void Http2FloodGuard::ResetCaused(bool refused) {
  points_ -= refused ? 10 : 100;
}

void Http2FloodGuard::HeadRefused() { points_ -= 50; }

void Http2FloodGuard::DataFrameSent() {
  points_ = std::min<int64_t>(points_ + limits_.per_data_frame, limits_.burst);
}

}  // namespace sse_bridge
