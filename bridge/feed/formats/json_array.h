#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_JSON_ARRAY_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_JSON_ARRAY_H_

#include <optional>
#include <string>

#include "bridge/feed/formats/output_format.h"

namespace sse_bridge {

// application/json: the events are the elements of one array. A stream that
// fails, or that the bridge ends, ends with an element {"error":
// google.rpc.Status}; without one, the data is complete. The bridge's own
// events are elements {"reset": DATA} and {"unreadable": DATA}. Comments and
// outages are omitted, because an array is read only when it is complete, and
// they no longer matter then.
class JsonArrayFormat : public OutputFormat {
 public:
  static constexpr absl::string_view kContentType = "application/json";
  static constexpr Body kBody = Body::kJsonArray;

  Traits traits() const override { return {}; }
  absl::string_view content_type() const override { return kContentType; }
  std::string Open(const Opening&) const override { return "["; }
  std::optional<std::string> EmptyBody() const override { return "[]\n"; }
  void AppendEvent(const StreamEvent& event, int tag,
                   std::string* out) override;
  void AppendEnd(const StreamEvent* last, CloseReason reason,
                 std::string* out) override;

 private:
  // The text before the next element.
  absl::string_view Separator();

  bool first_ = true;
  bool ended_ = false;  // the "]" has been written
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_JSON_ARRAY_H_
