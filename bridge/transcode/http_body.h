#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_HTTP_BODY_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_HTTP_BODY_H_

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The fields of a google.api.HttpBody, as views of its wire bytes.
struct HttpBodyView {
  absl::string_view content_type;
  absl::string_view data;
};

// Parses a serialised HttpBody. The result points into `wire`. Returns false if
// the bytes are malformed.
bool ReadHttpBody(absl::string_view wire, HttpBodyView* body);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_HTTP_BODY_H_
