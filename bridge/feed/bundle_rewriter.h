#ifndef SSE_BRIDGE_BRIDGE_FEED_BUNDLE_REWRITER_H_
#define SSE_BRIDGE_BRIDGE_FEED_BUNDLE_REWRITER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"
#include "bridge/feed/composite_cursor.h"

namespace sse_bridge {

// Puts the events of several upstream calls on one connection, with the ids of
// all of them as its id: the streams of `/events`, each under its own name
// (BundleCursor), and the calls of one stream that is shared by element
// (CompositeCursor). What is the bridge's own (`grpc-status`, `reset`,
// `unreadable`, `upstream`) names the stream in its data.
//
// Used by the loop that owns the connection, after construction elsewhere.
class BundleRewriter : public FrameRewriter {
 public:
  // A stream, with what it has left off at: `ids` has one for each of `keys`,
  // empty where one is absent. Without keys the stream is one call, with one
  // id. Only a sole stream may be without a name; its events stay as they are.
  struct Part {
    std::string name;  // the `event:` of all its events
    std::vector<std::string> keys;
    std::vector<std::string> ids;
  };

  // The tag of a membership counts the calls of all parts, in their order.
  explicit BundleRewriter(std::vector<Part> parts);

  FramePtr Rewrite(const Frame& frame, int tag) override;

 private:
  struct Stream {
    std::string name;
    std::optional<CompositeCursor> cursor;
    std::string id;     // of the whole stream
    std::string piece;  // in the id of `/events`
  };
  struct Call {
    size_t stream;
    size_t index;  // within the stream
  };

  FramePtr RewriteOwn(const Frame& frame, const Call& call);
  void SetId(const Call& call, absl::string_view id);
  static void Refresh(Stream* stream);  // after its ids were set
  std::string Cursor() const;

  std::vector<Stream> streams_;
  std::vector<Call> calls_;  // by tag
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_BUNDLE_REWRITER_H_
