#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_JSON_ARRAY_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_JSON_ARRAY_H_

#include <optional>
#include <string>

#include "bridge/feed/formats/output_format.h"

namespace sse_bridge {

// application/json: the elements of one array. A stream that fails, or that the
// bridge ends, does so with an element {"error": google.rpc.Status}, so that an
// end without one is the end of the data. The bridge's own events are elements
// {"reset": DATA} and {"unreadable": DATA}; comments and outages are left out,
// for an array is read when it is whole, and how it came about is no news then.
class JsonArrayFormat : public OutputFormat {
 public:
  static constexpr absl::string_view kContentType = "application/json";

  Traits traits() const override { return {}; }
  absl::string_view content_type() const override { return kContentType; }
  std::string Open(const Opening&) const override { return "["; }
  std::optional<std::string> EmptyBody() const override { return "[]\n"; }
  void AppendEvent(const StreamEvent& event, int tag,
                   std::string* out) override;
  void AppendEnd(const StreamEvent* last, CloseReason reason,
                 std::string* out) override;

 private:
  // What stands before the next element.
  absl::string_view Separator();

  bool first_ = true;
  bool ended_ = false;  // the "]" is out
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_JSON_ARRAY_H_
