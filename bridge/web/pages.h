#ifndef SSE_BRIDGE_BRIDGE_WEB_PAGES_H_
#define SSE_BRIDGE_BRIDGE_WEB_PAGES_H_

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/http/http_exchange.h"
#include "bridge/http/http_response.h"
#include "bridge/web/web_files.h"

namespace sse_bridge {

// The pages: a fixed table from paths to files that are compiled in. Immutable
// and thread-safe; the files must outlive it.
class Pages {
 public:
  explicit Pages(absl::Span<const WebFile> files);

  // Null when no page has this path, compared byte for byte.
  const WebFile* Find(absl::string_view raw_path) const;

  // The answer to a GET or HEAD of it: the file, or 304 when If-None-Match
  // says that the browser has it. Browsers ask every time (`no-cache`), so that
  // a new bridge shows its own pages.
  static HttpResponse Answer(const WebFile& file, const HttpExchange& exchange);

 private:
  absl::flat_hash_map<absl::string_view, const WebFile*> files_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_PAGES_H_
