#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_GZIP_STREAM_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_GZIP_STREAM_H_

#include <cstdint>
#include <utility>

#include "bridge/delivery/frame.h"
#include "bridge/gzip/gzip_member.h"

namespace sse_bridge {

// Makes frames of stored blocks, and keeps the last one: when one frame is
// needed so, it is usually for many connections. Not thread-safe.
class StoredFrames {
 public:
  FramePtr Of(const FramePtr& frame);

 private:
  FramePtr frame_;
  FramePtr stored_;
};

// The gzip member that one connection receives (Content-Encoding: gzip).
//
// A frame that the feed has compressed (Frame::deflated) is sent as the blocks
// that all connections share, if the client has what they refer to: if the
// frame is a keyframe, or the feed's frame before it was the last thing sent.
// Everything else (a ping, a greeting, a frame after a dropped one) is sent as
// stored blocks, and so are the frames after it, until the next keyframe. So a
// connection needs no memory but what is here.
//
// Each method takes the frames in the order in which they are sent. Not
// thread-safe.
class GzipStream {
 public:
  GzipStream() = default;
  explicit GzipStream(const GzipSum& sum) : on_(true), sum_(sum) {}

  // False if the body is not compressed. Then nothing else may be called.
  bool on() const { return on_; }

  // Whether the blocks of this frame can be sent next.
  bool CanUse(const Deflated& deflated) const {
    return deflated.key || deflated.position == position_ + 1;
  }
  // Whether the next frame of the feed can be sent as it was compressed.
  bool in_step() const { return position_ != 0; }

  // Returns what is sent for the frame.
  FramePtr Add(const FramePtr& frame, StoredFrames* stored);
  // As Add, for a piece whose blocks end at `position`, or 0 if they are
  // stored.
  void Add(const GzipPiece& piece, uint64_t position) {
    sum_.Add(piece);
    position_ = position;
  }
  // Returns the end of the member.
  FramePtr End() const;

 private:
  bool on_ = false;
  GzipSum sum_;            // of everything sent
  uint64_t position_ = 0;  // of the frame sent last; 0: stored
};

// All that gzip costs a connection.
static_assert(sizeof(GzipStream) <= 24);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_GZIP_STREAM_H_
