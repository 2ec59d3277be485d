#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/delivery/frame.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

class Loop;

// Why a stream ended. The first cause counts.
enum class CloseReason {
  kEnded,       // by its feeds, or by the bridge as the normal end
  kClientGone,  // the client closed, vanished or timed out
  kSlow,        // it did not read as fast as SlowPolicy::kDisconnect demands
  kExpired,     // StreamSpec::expires, a token's end
  kMaxAge,      // StreamSpec::max_age
  kDrain,       // the bridge goes down
  kError,       // a feed failed, or the socket did
};
absl::string_view CloseReasonName(CloseReason reason);

struct CloseInfo {
  CloseReason reason;
  uint64_t events;  // fully handed to the socket
  uint64_t bytes;   // with heads, comments and chunk framing
  absl::Duration duration;
};

// Told about the end of one connection.
class ConnectionObserver {
 public:
  virtual ~ConnectionObserver() = default;

  // Once, on the connection's loop thread, as soon as the last byte is in the
  // socket or the connection failed. Must not block. May call Topic and
  // Delivery, but not Delivery::Stop. The observer is destroyed after it.
  virtual void OnClosed(const CloseInfo& info) = 0;
};

// Gives each frame of a topic the form it has on one connection, such as the
// combined `id:` of a bundle. Used on the connection's loop thread only.
class FrameRewriter {
 public:
  virtual ~FrameRewriter() = default;

  // `tag` is the membership's (MembershipOptions::tag). The result should carry
  // over `key` and `is_event`. Null: this connection does not get the frame.
  virtual FramePtr Rewrite(const Frame& frame, int tag) = 0;

  // Once, when the connection ends for `reason`: what stands at its end.
  // `last` is the frame of StreamSpec or Delivery that says why; null without
  // one, and where a topic's own last frame has been rewritten.
  virtual FramePtr RewriteEnd(const FramePtr& last, CloseReason /*reason*/) {
    return last;
  }
};

// A stream that delivery takes over.
struct StreamSpec {
  // Non-blocking and owned from here on; closed exactly once. Nothing else may
  // read or write it any more.
  int fd = -1;
  // Null for a plain socket.
  std::unique_ptr<Transport> transport;
  // Sent first and as it is: the head of the response and, already chunked if
  // `chunked` is, the opening frames.
  std::string head;
  // Frames are sent as HTTP/1.1 chunks, and the end as the last chunk. Else the
  // end of the connection is the end of the body (HTTP/1.0).
  bool chunked = true;
  // Of a body that does not tell itself whether it is whole: only kEnded is
  // given the form of an end. Otherwise the last chunk is left out, or a body
  // without chunks is broken off by a reset, so that the client notices.
  bool cut_unless_ended = false;
  // A comment is sent after so long without anything sent, or up to a quarter
  // earlier, so that not all connections fire at once. Zero: none.
  absl::Duration keep_alive = absl::ZeroDuration();
  // When this time has passed, `expiry_frame` (may be null) is queued and the
  // connection ends.
  absl::Time expires = absl::InfiniteFuture();
  FramePtr expiry_frame;
  // The connection ends after so long, give or take a tenth, with
  // `max_age_frame` (may be null). Zero or infinite: never.
  absl::Duration max_age = absl::ZeroDuration();
  FramePtr max_age_frame;
  // Queued when the connection is ended by SlowPolicy::kDisconnect.
  FramePtr slow_frame;
  // How long the client is told to wait before it comes back (`retry:`). When
  // many connections end together, by a drain or the failure of a feed, each is
  // told another time at its end, so that they do not come back together. Zero:
  // nothing is told.
  absl::Duration retry = absl::ZeroDuration();
  // How many Topic::Attach calls the opener is going to make. The connection
  // does not end as one whose last membership ended before that many have
  // been seen.
  uint32_t expected_attaches = 1;
  std::unique_ptr<FrameRewriter> rewriter;       // may be null
  std::unique_ptr<ConnectionObserver> observer;  // may be null
};

// Names a connection, from any thread, for as long as the Delivery lives; what
// is asked of a connection that is gone has no effect. Cheap to copy.
class ConnectionRef {
 public:
  ConnectionRef() = default;

  explicit operator bool() const { return loop_ != nullptr; }

  friend bool operator==(const ConnectionRef& a, const ConnectionRef& b) {
    return a.loop_ == b.loop_ && a.slot_ == b.slot_ &&
           a.generation_ == b.generation_;
  }
  template <typename H>
  friend H AbslHashValue(H h, const ConnectionRef& ref) {
    return H::combine(std::move(h), ref.loop_, ref.slot_, ref.generation_);
  }

 private:
  friend class Delivery;
  friend class Loop;
  friend class Topic;

  ConnectionRef(Loop* loop, uint32_t slot, uint32_t generation)
      : loop_(loop), slot_(slot), generation_(generation) {}

  Loop* loop_ = nullptr;  // of the Delivery, which outlives this
  uint32_t slot_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_H_
