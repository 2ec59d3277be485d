#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_RAW_BODY_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_RAW_BODY_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/feed/formats/output_format.h"

namespace sse_bridge {

// The bytes of a stream of google.api.HttpBody, with the content type of the
// first message. The bridge adds nothing to them.
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

// Returns the content type that a backend gives its google.api.HttpBody, made
// safe for use as a header.
std::string SafeContentType(absl::string_view type);

// Headers that prevent such a body from acting as a page of the bridge's
// origin.
std::vector<std::pair<std::string, std::string>> RawBodyHeaders();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_RAW_BODY_H_
