#ifndef SSE_BRIDGE_BRIDGE_WEB_OPENAPI_DOCUMENTS_H_
#define SSE_BRIDGE_BRIDGE_WEB_OPENAPI_DOCUMENTS_H_

#include <cstddef>
#include <map>
#include <string>
#include <tuple>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/http/http_exchange.h"
#include "bridge/http/http_response.h"
#include "bridge/schema/schema.h"
#include "bridge/transcode/name_patterns.h"

namespace sse_bridge {

// Serves `/openapi.yaml` and `/openapi.json`, which describe a schema's routes.
// OpenAPI 3.2, or 3.1 with `?version=3.1`. Documents are generated on first use
// and cached. Thread-safe.
class OpenApiDocuments {
 public:
  // `schema` must outlive this object.
  explicit OpenApiDocuments(const Schema* schema) : schema_(schema) {}

  static bool Has(absl::string_view raw_path);

  // The response to a GET or HEAD of such a path. Unknown query parameters get
  // 400, unless `ignored` matches them.
  HttpResponse Answer(const HttpExchange& exchange,
                      const NamePatterns& ignored) const;

 private:
  const Schema* const schema_;

  mutable Mutex mu_;
  // Whether YAML, whether OpenAPI 3.1, and the server's URL.
  using Key = std::tuple<bool, bool, std::string>;
  mutable std::map<Key, std::string> made_ ABSL_GUARDED_BY(mu_);
  mutable size_t made_bytes_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_OPENAPI_DOCUMENTS_H_
