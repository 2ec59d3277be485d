#include "bridge/web/openapi_documents.h"

#include "bridge/codegen/openapi.h"
#include "bridge/http/http_error.h"
#include "bridge/transcode/query_params.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kYamlPath = "/openapi.yaml";
constexpr absl::string_view kJsonPath = "/openapi.json";
constexpr char kVersionParam[] = "version";

// Bounds of the cache: proxies may send any prefix, and the document of a large
// schema has tens of megabytes. One document is always kept.
constexpr size_t kMaxKept = 16;
constexpr size_t kMaxKeptBytes = size_t{64} << 20;

}  // namespace

bool OpenApiDocuments::Has(absl::string_view raw_path) {
  return raw_path == kYamlPath || raw_path == kJsonPath;
}

HttpResponse OpenApiDocuments::Answer(const HttpExchange& exchange,
                                      const NamePatterns& ignored) const {
  OpenApiOptions options;
  const auto query = ParseQuery(exchange.raw_query());
  if (!query.ok()) return ErrorResponse(query.status(), "");
  for (const QueryParam& param : *query) {
    if (param.name == kVersionParam && param.value == "3.1") {
      options.version = OpenApiOptions::Version::k31;
    } else if (param.name != kVersionParam && ignored.Match(param.name)) {
      continue;
    } else if (param.name != kVersionParam || param.value != "3.2") {
      return ErrorResponse(
          400, "INVALID_ARGUMENT",
          "the only allowed parameter is version=3.1 or version=3.2");
    }
  }
  const bool yaml = exchange.raw_path() == kYamlPath;
  HttpResponse response{
      200,
      {{"Content-Type", yaml ? "application/yaml" : "application/json"},
       {"Cache-Control", "no-cache"},
       {"X-Content-Type-Options", "nosniff"}},
      ""};
  if (!exchange.public_path().empty()) options.server = exchange.public_path();
  // Compact, since a large document would not fit into what one address may
  // have unsent (max_buffered_bytes).
  const auto format = yaml ? OpenApiFormat::kYaml : OpenApiFormat::kCompactJson;
  MutexLock lock(&mu_);
  const Key key = {yaml, options.version == OpenApiOptions::Version::k31,
                   options.server};
  const auto made = made_.find(key);
  if (made != made_.end()) {
    response.body = made->second;
    return response;
  }
  response.body = MakeOpenApi(*schema_, options, format);
  const size_t bytes = made_bytes_ + response.body.size();
  if (made_.empty() || (made_.size() < kMaxKept && bytes <= kMaxKeptBytes)) {
    made_.emplace(key, response.body);
    made_bytes_ = bytes;
  }
  return response;
}

}  // namespace sse_bridge
