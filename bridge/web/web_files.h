#ifndef SSE_BRIDGE_BRIDGE_WEB_WEB_FILES_H_
#define SSE_BRIDGE_BRIDGE_WEB_WEB_FILES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sse_bridge {

// One file of the pages, compiled in. Everything lives as long as the program.
struct WebFile {
  absl::string_view path;  // as it is asked for: "/explorer"
  absl::string_view content_type;
  absl::string_view etag;  // quoted, strong: a hash of the content
  absl::string_view content;
};

// All of them; the table is fixed when the program is built (CMakeLists.txt
// lists it), so no request can name a file of the machine.
absl::Span<const WebFile> WebFiles();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_WEB_FILES_H_
