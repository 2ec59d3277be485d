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

// text/event-stream of several upstream calls, with the ids of all of them as
// its id: the streams of `/events`, each under its own name (BundleCursor), and
// the calls of one stream that is shared by element (CompositeCursor). What is
// the bridge's own (`grpc-status`, `reset`, `unreadable`, `upstream`) names the
// stream in its data.
class MultiplexedFormat : public SseFormat {
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
  explicit MultiplexedFormat(std::vector<Part> parts);

  Traits traits() const override;
  void AppendEvent(const StreamEvent& event, int tag,
                   std::string* out) override;

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

  void AppendOwn(StreamEvent event, const Call& call, std::string* out);
  void SetId(const Call& call, absl::string_view id);
  static void Refresh(Stream* stream);  // after its ids were set
  std::string Cursor() const;

  std::vector<Stream> streams_;
  std::vector<Call> calls_;  // by tag
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_MULTIPLEXED_H_
