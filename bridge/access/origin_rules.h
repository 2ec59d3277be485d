#ifndef SSE_BRIDGE_BRIDGE_ACCESS_ORIGIN_RULES_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_ORIGIN_RULES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// The origins whose pages may use the bridge (CORS; Fetch, 3.2), and the host
// names under which the bridge may be called. Immutable and thread-safe.
class OriginRules {
 public:
  // Origins are: "https://app.example.com", with a port if it is not the
  // scheme's default; "https://*.example.com" for any subdomain; an app's, such
  // as "capacitor://localhost" or "chrome-extension://ID"; "null" for pages
  // with an opaque origin (sandboxed ones); or "*" for any page. Pages matched
  // by the last two may not use cookies, because anybody can create such a
  // page. Hosts are "example.com" or "*.example.com", case-insensitive, without
  // a port; an empty list allows every host. Returns kInvalidArgument for an
  // invalid entry.
  static absl::StatusOr<OriginRules> Create(
      const std::vector<std::string>& origins,
      const std::vector<std::string>& hosts);

  // Allows no origin, and every host.
  OriginRules() = default;

  // The Origin of a page with an opaque origin.
  static constexpr absl::string_view kNullOrigin = "null";

  // Returns whether the list contains this Origin. Ignores "null" and "*".
  bool Lists(absl::string_view origin) const;
  bool allows_any() const { return any_; }
  bool allows_null() const { return null_; }
  // Returns whether responses depend on the Origin.
  bool lists_any() const { return !origins_.empty() || null_; }
  bool empty() const { return origins_.empty() && !any_ && !null_; }

  // Returns whether `origin` is a web origin with `scheme` ("http" or "https";
  // empty: either).
  static bool HasScheme(absl::string_view origin, absl::string_view scheme);

  // Returns whether a page of `origin` was loaded over `scheme` ("http" or
  // "https"; empty: not compared) from the host in the Host header.
  static bool IsSameOrigin(absl::string_view origin, absl::string_view scheme,
                           absl::string_view host);

  // Returns whether the Host header (with or without a port) is allowed.
  bool AllowsHost(absl::string_view host) const;

 private:
  struct Pattern {
    std::string scheme;  // of origins
    std::string host;    // with a leading '.' for subdomains
    std::string port;    // empty for the scheme's default
  };

  std::vector<Pattern> origins_;
  std::vector<std::string> hosts_;  // same form as Pattern::host
  bool any_ = false;
  bool null_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_ORIGIN_RULES_H_
