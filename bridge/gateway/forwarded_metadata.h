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

// Metadata that the bridge gives a call itself. A client that sends headers of
// these names, or of others that begin with x-sse-, is not heard.
inline constexpr char kSubjectMetadata[] = "x-sse-subject";
inline constexpr char kAddressMetadata[] = "x-forwarded-for";

// What of a request becomes metadata of its calls: headers that the operator
// names, claims of its token, and the client's address.
//
// Immutable, then thread-safe.
class ForwardedMetadata {
 public:
  // Of one request; beyond them it is refused.
  static constexpr size_t kMaxBytes = 8 * 1024;
  static constexpr size_t kMaxValues = 64;

  struct Options {
    // Names of headers, in any case; `*` stands for any characters. Such a
    // pattern never means Authorization, Cookie, what the bridge sets itself,
    // or what proxies say about a client.
    std::vector<std::string> headers;

    // Names of metadata that claims are sent as.
    std::vector<std::string> claim_names;

    bool client_address = false;
  };

  // InvalidArgument for a name or pattern that cannot be forwarded.
  static absl::Status CheckHeader(absl::string_view name);

  // The same for the name that a claim is sent as.
  static absl::Status CheckClaimName(absl::string_view name);

  static absl::StatusOr<ForwardedMetadata> Create(Options options);

  // What a request of `identity` gives its calls, in the order of the request.
  // `browsers` decides whether a cookie is the user's wish. InvalidArgument
  // names the header that cannot be sent; PermissionDenied for a cookie that
  // another site's page has sent.
  absl::StatusOr<Metadata> Of(const HttpExchange& exchange,
                              const std::optional<Identity>& identity,
                              const BrowserRules* browsers) const;

 private:
  explicit ForwardedMetadata(Options options);

  // `name` is in lower case.
  bool Forwards(absl::string_view name) const;

  Options options_;  // names in lower case
};

// Equal for requests whose calls get the same metadata, whatever the order of
// their headers, and for no others.
std::string MetadataKey(Metadata metadata);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_FORWARDED_METADATA_H_
