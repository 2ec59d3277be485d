#ifndef SSE_BRIDGE_BRIDGE_WEB_PAGES_H_
#define SSE_BRIDGE_BRIDGE_WEB_PAGES_H_

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/http/http_exchange.h"
#include "bridge/http/http_response.h"
#include "bridge/web/web_files.h"

namespace sse_bridge {

// The pages: a fixed table from paths to embedded files. Immutable and
// thread-safe. The files must outlive it.
class Pages {
 public:
  explicit Pages(absl::Span<const WebFile> files);

  // The file with exactly this path; null if there is none.
  const WebFile* Find(absl::string_view raw_path) const;

  // The response to a GET or HEAD: the file, or 304 if If-None-Match matches.
  // Browsers revalidate every time (`no-cache`), so that they show the pages of
  // a new version of the bridge.
  static HttpResponse Answer(const WebFile& file, const HttpExchange& exchange);

 private:
  absl::flat_hash_map<absl::string_view, const WebFile*> files_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_PAGES_H_
