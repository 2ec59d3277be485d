#include "bridge/delivery/gzip_stream.h"

#include <string>

namespace sse_bridge {

FramePtr StoredFrames::Of(const FramePtr& frame) {
  if (frame_ == frame && stored_) return stored_;
  std::string blocks;
  AppendStored(frame->payload(), &blocks);
  frame_ = frame;
  stored_ = Frame::Create(
      blocks, {.key = frame->info().key, .is_event = frame->info().is_event});
  return stored_;
}

FramePtr GzipStream::Add(const FramePtr& frame, StoredFrames* stored) {
  const Deflated* const deflated = frame->deflated();
  if (deflated != nullptr && CanUse(*deflated)) {
    Add(deflated->piece, deflated->position);
    return deflated->frame;
  }
  if (deflated != nullptr) {
    sum_.Add(deflated->piece);
  } else {
    sum_.Add(frame->payload());
  }
  position_ = 0;
  return stored->Of(frame);
}

FramePtr GzipStream::End() const {
  std::string end;
  AppendGzipEnd(sum_, &end);
  return Frame::Create(end, {.is_event = false});
}

}  // namespace sse_bridge
