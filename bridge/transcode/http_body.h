#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_HTTP_BODY_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_HTTP_BODY_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// What a google.api.HttpBody holds, in place.
struct HttpBodyView {
  absl::string_view content_type;
  absl::string_view data;
};

// Reads the wire bytes of one, of which the result is a view. False when they
// are malformed.
bool ReadHttpBody(absl::string_view wire, HttpBodyView* body);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_HTTP_BODY_H_
