#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_MULTIPLEXED_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_MULTIPLEXED_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/feed/composite_cursor.h"
#include "bridge/feed/formats/sse.h"

namespace sse_bridge {

// text/event-stream for several upstream calls, where each event's ID contains
// the IDs of all calls: the named streams of `/events` (BundleCursor), and the
// calls of one stream that is shared by element (CompositeCursor). The bridge's
// own events (`grpc-status`, `reset`, `unreadable`, `upstream`) contain the
// stream's name in their data.
class MultiplexedFormat : public SseFormat {
 public:
  // A stream and the positions from which it resumes: `ids` has one for each of
  // `keys`, empty if absent. Without keys, the stream is one call with one ID.
  // Only a single stream may be unnamed; its events are unchanged.
  struct Part {
    std::string name;  // the `event:` field of all its events
    std::vector<std::string> keys;
    std::vector<std::string> ids;
  };

  // Membership tags number the calls of all parts, in order.
  explicit MultiplexedFormat(std::vector<Part> parts);

  Traits traits() const override;
  void AppendEvent(const StreamEvent& event, int tag,
                   std::string* out) override;

 private:
  struct Stream {
    std::string name;
    std::optional<CompositeCursor> cursor;
    std::string id;     // of the whole stream
    std::string piece;  // part of the ID of `/events`
  };
  struct Call {
    size_t stream;
    size_t index;  // index in the stream
  };

  void AppendOwn(StreamEvent event, const Call& call, std::string* out);
  void SetId(const Call& call, absl::string_view id);
  static void Refresh(Stream* stream);  // call after changing its IDs
  std::string Cursor() const;

  std::vector<Stream> streams_;
  std::vector<Call> calls_;  // indexed by tag
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_MULTIPLEXED_H_
