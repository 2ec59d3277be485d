#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/delivery/frame.h"
#include "bridge/gzip/gzip_member.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

class Loop;

// Why a stream ended. The first cause is reported.
enum class CloseReason {
  kEnded,       // by its feeds, or normally by the bridge
  kClientGone,  // the client disconnected or timed out
  kSlow,        // the client read too slowly for SlowPolicy::kDisconnect
  kExpired,     // StreamSpec::expires: the token expired
  kMaxAge,      // StreamSpec::max_age
  kDrain,       // the bridge is shutting down
  kError,       // a feed or the socket failed
};
absl::string_view CloseReasonName(CloseReason reason);

struct CloseInfo {
  CloseReason reason;
  uint64_t events;  // written to the socket completely
  uint64_t bytes;   // including heads, comments and chunk framing
  absl::Duration duration;
};

// Observes the end of one connection.
class ConnectionObserver {
 public:
  virtual ~ConnectionObserver() = default;

  // Called once, on the connection's loop thread, when the last byte has been
  // written to the socket or the connection has failed. Must not block. May
  // call Topic and Delivery, but not Delivery::Stop. The observer is destroyed
  // afterwards.
  virtual void OnClosed(const CloseInfo& info) = 0;
};

// Converts each frame of a topic to the form it has on one connection, such as
// the combined `id:` of a bundle. Used on the connection's loop thread only.
class FrameRewriter {
 public:
  virtual ~FrameRewriter() = default;

  // `tag` is the membership's MembershipOptions::tag. The result should keep
  // `key` and `is_event`. Returns null if this connection does not receive the
  // frame.
  virtual FramePtr Rewrite(const Frame& frame, int tag) = 0;

  // Called once, when the connection ends for `reason`. Returns the frame to
  // send at the end. `last` is the frame from StreamSpec or Delivery that tells
  // the client why. It is null if there is none, or if the topic's own last
  // frame has already been rewritten.
  virtual FramePtr RewriteEnd(const FramePtr& last, CloseReason /*reason*/) {
    return last;
  }
};

// Describes a stream that Delivery takes over.
struct StreamSpec {
  // Nothing else may read or write its descriptor any more. If it is null, the
  // stream ends at once with kError.
  std::unique_ptr<Socket> socket;
  // Sent first, unchanged: the response head and the opening frames, which are
  // already chunked if `chunked` is set.
  std::string head;
  // If true, frames are sent as HTTP/1.1 chunks, and the last chunk ends the
  // body. Otherwise closing the connection ends the body (HTTP/1.0).
  bool chunked = true;
  // If true, the body is a gzip member, whose beginning is in `head`: the
  // header, and `gzip_sum` of what follows it. See GzipStream.
  bool gzip = false;
  GzipSum gzip_sum;
  // For bodies whose format does not show whether they are complete. If true,
  // the body is ended properly only for kEnded. For other reasons the last
  // chunk is omitted, or an unchunked connection is reset, so that the client
  // notices.
  bool cut_unless_ended = false;
  // A comment is sent after this much idle time, or up to a quarter earlier, so
  // that not all connections fire at once. Zero disables it.
  absl::Duration keep_alive = absl::ZeroDuration();
  // At this time `expiry_frame` (may be null) is queued and the connection
  // ends.
  absl::Time expires = absl::InfiniteFuture();
  FramePtr expiry_frame;
  // The connection ends after this time, plus or minus 10 %, with
  // `max_age_frame` (may be null). Zero or infinite means never.
  absl::Duration max_age = absl::ZeroDuration();
  FramePtr max_age_frame;
  // Queued when SlowPolicy::kDisconnect ends the connection.
  FramePtr slow_frame;
  // The reconnection delay that is sent to the client (`retry:`). When many
  // connections end together, because of a drain or a failed feed, each
  // receives a different delay at its end, so that they do not reconnect all at
  // once. Zero means that none is sent.
  absl::Duration retry = absl::ZeroDuration();
  // How many Topic::Attach calls the caller will make. Until that many have
  // taken effect, the connection does not end for lack of memberships.
  uint32_t expected_attaches = 1;
  // For FrameInfo::audience; empty for an anonymous client.
  std::string subject;
  std::unique_ptr<FrameRewriter> rewriter;       // may be null
  std::unique_ptr<ConnectionObserver> observer;  // may be null
};

// Identifies a connection among those of its loop. Slots are reused, so each
// connection in a slot has another generation.
struct ConnectionId {
  // Converts to and from the data of a Poller's event.
  uint64_t Pack() const {
    return (static_cast<uint64_t>(generation) << 32) | slot;
  }
  static ConnectionId Unpack(uint64_t data) {
    return {static_cast<uint32_t>(data), static_cast<uint32_t>(data >> 32)};
  }
  bool operator==(const ConnectionId&) const = default;

  uint32_t slot = 0;
  uint32_t generation = 0;
};

// Identifies a connection. Thread-safe and valid for the lifetime of the
// Delivery. Operations on a connection that has ended have no effect. Cheap to
// copy.
class ConnectionRef {
 public:
  ConnectionRef() = default;
  // `loop` is owned by the Delivery, which must outlive this.
  ConnectionRef(Loop* loop, ConnectionId id) : loop_(loop), id_(id) {}

  explicit operator bool() const { return loop_ != nullptr; }
  bool operator==(const ConnectionRef&) const = default;

  // For delivery's own classes.
  Loop* loop() const { return loop_; }
  ConnectionId id() const { return id_; }

 private:
  Loop* loop_ = nullptr;
  ConnectionId id_;
};

template <typename H>
H AbslHashValue(H h, const ConnectionRef& ref) {
  return H::combine(std::move(h), ref.loop(), ref.id().slot,
                    ref.id().generation);
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_CONNECTION_H_
