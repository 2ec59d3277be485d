#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_FRAME_COMPRESSOR_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_FRAME_COMPRESSOR_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/topic.h"
#include "bridge/gzip/gzip_budget.h"
#include "bridge/gzip/gzip_feed.h"

namespace sse_bridge {

// Compresses the frames of a topic, each once for all its gzip members. Has no
// compressor while there are none.
//
// Not thread-safe.
class FrameCompressor {
 public:
  // `budget` must outlive this; null: compresses nothing. `largest` is the
  // context if there is memory for it.
  FrameCompressor(GzipBudget* budget, GzipFeed::Context largest)
      : budget_(budget), largest_(largest) {}

  // Gives the frame the form for gzip members, if somebody needs it. Called for
  // each frame in the order of publication, and before it.
  //
  // Frames for a few named subjects get none: to the others the next frame
  // would refer to something that they have not received.
  void Compress(const FramePtr& frame, Topic* topic, absl::Duration now);

 private:
  GzipBudget* const budget_;
  const GzipFeed::Context largest_;
  std::unique_ptr<GzipFeed> feed_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_FRAME_COMPRESSOR_H_
