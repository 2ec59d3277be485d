#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_NDJSON_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_NDJSON_H_

#include <optional>
#include <string>

#include "bridge/feed/formats/output_format.h"

namespace sse_bridge {

// application/x-ndjson: one JSON text per line. A stream that fails, or that
// the bridge ends, ends with a line {"error": google.rpc.Status}; without one,
// the data is complete. The bridge's own events are lines {"reset": DATA},
// {"unreadable": DATA} and {"upstream": DATA}. Comments are omitted.
class NdjsonFormat : public OutputFormat {
 public:
  static constexpr absl::string_view kContentType = "application/x-ndjson";
  static constexpr Body kBody = Body::kJsonLines;

  Traits traits() const override { return {}; }
  absl::string_view content_type() const override { return kContentType; }
  std::optional<std::string> EmptyBody() const override { return ""; }
  void AppendEvent(const StreamEvent& event, int tag,
                   std::string* out) override;
  void AppendEnd(const StreamEvent* last, CloseReason reason,
                 std::string* out) override;

 private:
  bool ended_ = false;  // the status has been written
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_NDJSON_H_
