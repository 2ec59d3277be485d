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

// What of a backend's metadata becomes headers of the answer.
//
// Immutable, then thread-safe.
class ExposedMetadata {
 public:
  // `names`: of metadata, in any case; `*` stands for any characters. Such a
  // pattern never means what only makes sense on purpose: cookies, redirects,
  // Retry-After, WWW-Authenticate.
  static absl::StatusOr<ExposedMetadata> Create(std::vector<std::string> names);

  // InvalidArgument for a name or pattern that cannot be exposed.
  static absl::Status CheckName(absl::string_view name);

  // Null when there are no names. Of a call that serves several browsers,
  // Set-Cookie is left out.
  std::shared_ptr<const MetadataFilter> filter(bool shared) const {
    return shared ? shared_filter_ : filter_;
  }

 private:
  ExposedMetadata() = default;

  std::shared_ptr<const MetadataFilter> filter_;
  std::shared_ptr<const MetadataFilter> shared_filter_;
};

// Adds `metadata` that passed a filter to an answer to `exchange`: as headers,
// in the place of those of the same name, and to those that pages of other
// origins may read. Values that no header can have are left out.
void AddExposed(const Metadata& metadata, const HttpExchange& exchange,
                HttpResponse* response);

// The headers of the exchange's answer with such metadata, for a stream.
std::vector<std::pair<std::string, std::string>> WithExposed(
    const Metadata& metadata, const HttpExchange& exchange);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_EXPOSED_METADATA_H_
