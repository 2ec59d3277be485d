#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_SSE_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_SSE_H_

#include <optional>
#include <string>

#include "bridge/feed/formats/output_format.h"

namespace sse_bridge {

// text/event-stream of one feed: sends its frames unchanged.
class SseFormat : public OutputFormat {
 public:
  static constexpr absl::string_view kContentType = "text/event-stream";
  static constexpr Body kBody = Body::kEvents;

  Traits traits() const override;
  absl::string_view content_type() const override { return kContentType; }
  // Sends something at once, so that proxies pass on the response and `onopen`
  // fires.
  std::string Open(const Opening& opening) const override;
  // EventSource does not reconnect after a 204.
  std::optional<std::string> EmptyBody() const override;
  void AppendEvent(const StreamEvent& event, int tag,
                   std::string* out) override;
  void AppendEnd(const StreamEvent* last, CloseReason reason,
                 std::string* out) override;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_SSE_H_
