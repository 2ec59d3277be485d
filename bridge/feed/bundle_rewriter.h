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

// Puts the events of several streams on one connection: each under its
// stream's name, with the ids of all of them as its id. A stream's end is told
// by a `grpc-status` event whose data names the stream.
//
// Used by the loop that owns the connection, after construction elsewhere.
class BundleRewriter : public FrameRewriter {
 public:
  struct Part {
    std::string name;
    std::string id;  // where the browser left off; empty at first
  };

  // The tag of a membership is its index in `parts`.
  explicit BundleRewriter(std::vector<Part> parts);

  FramePtr Rewrite(const Frame& frame, int tag) override;

 private:
  FramePtr RewriteStatus(const Frame& frame, const Part& part) const;

  std::vector<Part> parts_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_BUNDLE_REWRITER_H_
