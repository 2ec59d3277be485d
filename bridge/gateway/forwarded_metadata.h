#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_FORWARDED_METADATA_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_FORWARDED_METADATA_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/access/identity.h"
#include "bridge/gateway/browser_rules.h"
#include "bridge/http/http_exchange.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Metadata that the bridge sets itself. Client headers with these names, or
// with other names that start with x-sse-, are ignored.
inline constexpr char kSubjectMetadata[] = "x-sse-subject";
inline constexpr char kAddressMetadata[] = "x-forwarded-for";

// Selects what is sent from a request to backends as metadata: configured
// headers, claims of the token, and the client's address.
//
// Immutable and thread-safe.
class ForwardedMetadata {
 public:
  // Limits per request. Requests beyond them are refused.
  static constexpr size_t kMaxBytes = 8 * 1024;
  static constexpr size_t kMaxValues = 64;

  struct Options {
    // Case-insensitive names of headers. `*` matches any characters, but
    // patterns never match Authorization, Cookie, headers that the bridge sets,
    // or headers that proxies set about a client.
    std::vector<std::string> headers;

    // Metadata names of the forwarded claims.
    std::vector<std::string> claim_names;

    bool client_address = false;
  };

  // Returns kInvalidArgument for a name or pattern that cannot be forwarded.
  static absl::Status CheckHeader(absl::string_view name);

  // Returns kInvalidArgument if a claim cannot be sent under this name.
  static absl::Status CheckClaimName(absl::string_view name);

  static absl::StatusOr<ForwardedMetadata> Create(Options options);

  // The metadata for the calls of a request by `identity`, in the order of the
  // request's headers. `browsers` decides whether cookies are trusted. Returns
  // kInvalidArgument, naming the header, if one cannot be forwarded, and
  // kPermissionDenied for a cookie that another site's page has sent.
  absl::StatusOr<Metadata> Of(const HttpExchange& exchange,
                              const std::optional<Identity>& identity,
                              const BrowserRules* browsers) const;

 private:
  explicit ForwardedMetadata(Options options);

  // `name` must be in lower case.
  bool Forwards(absl::string_view name) const;

  Options options_;  // names in lower case
};

// Returns a key that is equal for equal metadata only, ignoring its order.
std::string MetadataKey(Metadata metadata);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_FORWARDED_METADATA_H_
