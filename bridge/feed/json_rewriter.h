#ifndef SSE_BRIDGE_BRIDGE_FEED_JSON_REWRITER_H_
#define SSE_BRIDGE_BRIDGE_FEED_JSON_REWRITER_H_

#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

// Gives a stream's events to clients that asked for JSON instead of SSE: one
// JSON text a line (application/x-ndjson), or the elements of one array
// (application/json; the head has sent its "["). A stream that fails, or that
// the bridge ends, does so with an element {"error": google.rpc.Status}, so
// that an end without one is the end of the data. The bridge's own events are
// elements {"reset": DATA} and {"unreadable": DATA} and, on lines only,
// {"upstream": DATA}; comments are left out.
//
// Used by the loop that owns the connection, after construction elsewhere.
class JsonRewriter : public FrameRewriter {
 public:
  enum class Form { kLines, kArray };

  explicit JsonRewriter(Form form) : form_(form) {}

  FramePtr Rewrite(const Frame& frame, int tag) override;
  FramePtr RewriteEnd(const FramePtr& last, CloseReason reason) override;

 private:
  FramePtr RewriteOwn(const Frame& frame);

  const Form form_;
  bool first_ = true;
  bool ended_ = false;  // the status is out
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_JSON_REWRITER_H_
