#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_EXPOSED_METADATA_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_EXPOSED_METADATA_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/http/http_exchange.h"
#include "bridge/http/http_response.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Selects the backends' metadata that is sent to browsers as response headers.
//
// Immutable and thread-safe.
class ExposedMetadata {
 public:
  // `names` are case-insensitive names of metadata. `*` matches any characters,
  // but patterns never match what must be exposed on purpose: cookies,
  // redirects, Retry-After, WWW-Authenticate.
  static absl::StatusOr<ExposedMetadata> Create(std::vector<std::string> names);

  // Returns kInvalidArgument for a name or pattern that cannot be exposed.
  static absl::Status CheckName(absl::string_view name);

  // Null if there are no names. If the call is shared by several browsers, the
  // filter excludes Set-Cookie.
  std::shared_ptr<const MetadataFilter> filter(bool shared) const {
    return shared ? shared_filter_ : filter_;
  }

 private:
  ExposedMetadata() = default;

  std::shared_ptr<const MetadataFilter> filter_;
  std::shared_ptr<const MetadataFilter> shared_filter_;
};

// Adds filtered metadata to the response to `exchange`: as headers, replacing
// those of the same name, and to the list of headers that pages of other
// origins may read. Omits values that are not valid in a header.
void AddExposed(const Metadata& metadata, const HttpExchange& exchange,
                HttpResponse* response);

// The headers of a stream's response, with such metadata.
std::vector<std::pair<std::string, std::string>> WithExposed(
    const Metadata& metadata, const HttpExchange& exchange);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_EXPOSED_METADATA_H_
