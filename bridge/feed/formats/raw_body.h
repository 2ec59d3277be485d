#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_RAW_BODY_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_RAW_BODY_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/feed/formats/output_format.h"

namespace sse_bridge {

// The bytes of a stream of google.api.HttpBody, of the content type that the
// backend gives the first of them. Nothing of the bridge's own is among them.
class RawBodyFormat : public OutputFormat {
 public:
  Traits traits() const override;
  absl::string_view content_type() const override { return content_type_; }
  void SetContentType(std::string type) override;
  std::vector<std::pair<std::string, std::string>> headers() const override;
  std::optional<std::string> EmptyBody() const override;
  void AppendEvent(const StreamEvent& event, int tag,
                   std::string* out) override;
  void AppendEnd(const StreamEvent* last, CloseReason reason,
                 std::string* out) override;

 private:
  std::string content_type_;
};

// The content type that a backend gives its google.api.HttpBody, as a header
// can have it.
std::string SafeContentType(absl::string_view type);

// Headers that keep such a body from acting as a page of ours, whatever it is.
std::vector<std::pair<std::string, std::string>> RawBodyHeaders();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_RAW_BODY_H_
