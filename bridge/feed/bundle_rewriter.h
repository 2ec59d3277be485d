#ifndef SSE_BRIDGE_BRIDGE_FEED_BUNDLE_REWRITER_H_
#define SSE_BRIDGE_BRIDGE_FEED_BUNDLE_REWRITER_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

// The id of an event on `/events`: where each of its streams stands, so that
// one Last-Event-ID resumes all. Written as "NAME=ID&NAME=ID" with both parts
// percent-encoded; streams without an id yet are not named.
class BundleCursor {
 public:
  // Longer ones are taken as if they were absent.
  static constexpr size_t kMaxBytes = 4096;

  // Names that `text` gives twice or malformed parts are left out.
  static absl::flat_hash_map<std::string, std::string> Parse(
      absl::string_view text);

  static void AppendTo(absl::string_view name, absl::string_view id,
                       std::string* out);
};

// Puts the events of several upstream calls on one connection, with the ids of
// all of them as its id: the streams of `/events`, each under its own name, or
// the calls of one stream that is shared by element. What is the bridge's own
// (`grpc-status`, `reset`) names the stream in its data.
//
// Used by the loop that owns the connection, after construction elsewhere.
class BundleRewriter : public FrameRewriter {
 public:
  struct Part {
    std::string name;  // the `event:` of all its events; empty: as they are
    std::string key;   // in the cursor
    std::string id;    // where the browser left off; empty at first
  };

  // The tag of a membership is its index in `parts`.
  explicit BundleRewriter(std::vector<Part> parts);

  FramePtr Rewrite(const Frame& frame, int tag) override;

 private:
  FramePtr RewriteOwn(const Frame& frame, Part* part);
  std::string Cursor() const;

  std::vector<Part> parts_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_BUNDLE_REWRITER_H_
