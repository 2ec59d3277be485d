#include "bridge/delivery/frame_compressor.h"

#include <utility>

namespace sse_bridge {

void FrameCompressor::Compress(const FramePtr& frame, Topic* topic,
                               absl::Duration now) {
  if (budget_ == nullptr || frame->size() == 0) return;
  if (topic->gzip_members() == 0) {
    feed_ = nullptr;
    return;
  }
  const Audience* const audience = frame->info().audience.get();
  if (frame->size() > GzipFeed::kMaxEventBytes ||
      frame->deflated() != nullptr ||
      (audience != nullptr && !audience->everybody_else())) {
    return;
  }
  if (feed_ == nullptr) {
    feed_ = GzipFeed::Create(budget_, largest_);
    if (feed_ == nullptr) return;
  }
  std::string blocks;
  const GzipFeed::Event event =
      feed_->Compress(frame->payload(), topic->TakeKeyWanted(), now, &blocks);
  auto deflated = std::make_unique<Deflated>();
  deflated->frame = Frame::Create(
      blocks, {.key = frame->info().key, .is_event = frame->info().is_event});
  deflated->position = event.position;
  deflated->key = event.key;
  deflated->piece = GzipPiece::Of(frame->payload());
  frame->SetDeflated(std::move(deflated));
}

}  // namespace sse_bridge
