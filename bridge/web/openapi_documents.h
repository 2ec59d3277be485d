#ifndef SSE_BRIDGE_BRIDGE_WEB_OPENAPI_DOCUMENTS_H_
#define SSE_BRIDGE_BRIDGE_WEB_OPENAPI_DOCUMENTS_H_

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

// `/openapi.yaml` and `/openapi.json`: what a schema's routes take and answer.
// OpenAPI 3.2, or 3.1 with `?version=3.1`. Documents are made when they are
// first asked for, and kept. Thread-safe.
class OpenApiDocuments {
 public:
  // The schema must outlive this.
  explicit OpenApiDocuments(const Schema* schema) : schema_(schema) {}

  static bool Has(absl::string_view raw_path);

  // The answer to a GET or HEAD of such a path. Parameters that are not its own
  // are refused, but for those `ignored`.
  HttpResponse Answer(const HttpExchange& exchange,
                      const NamePatterns& ignored) const;

 private:
  const Schema* const schema_;

  mutable Mutex mu_;
  // Whether it is YAML, whether 3.1, and its server.
  using Key = std::tuple<bool, bool, std::string>;
  mutable std::map<Key, std::string> made_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_WEB_OPENAPI_DOCUMENTS_H_
