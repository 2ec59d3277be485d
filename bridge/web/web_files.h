#ifndef SSE_BRIDGE_BRIDGE_WEB_WEB_FILES_H_
#define SSE_BRIDGE_BRIDGE_WEB_WEB_FILES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sse_bridge {

// A file of the pages, embedded in the program. Has static lifetime.
struct WebFile {
  absl::string_view path;  // of the URL: "/explorer"
  absl::string_view content_type;
  absl::string_view etag;  // quoted strong tag: a hash of the content
  absl::string_view content;
};

// All embedded files. The table is fixed at build time (see CMakeLists.txt), so
// no request can read a file of the machine.
absl::Span<const WebFile> WebFiles();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_WEB_FILES_H_
