#ifndef SSE_BRIDGE_BRIDGE_ACCESS_ORIGIN_RULES_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_ORIGIN_RULES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Whose pages may use the bridge in a browser (Fetch, 3.2), and by which names
// the bridge is called. Immutable, then safe from any thread.
class OriginRules {
 public:
  // Origins are "https://app.example.com", with a port where it is not the
  // scheme's; "https://*.example.com", any name below that one; an app's, such
  // as "capacitor://localhost" or "chrome-extension://ID"; "null", pages
  // without an origin of their own (sandboxed ones); or "*", any page at all.
  // Pages of the last two may not use cookies, for anybody can make one. Hosts
  // are "example.com" or
  // "*.example.com", in lower or upper case, without a port; an empty list
  // allows every host. InvalidArgument says what is wrong.
  static absl::StatusOr<OriginRules> Create(
      const std::vector<std::string>& origins,
      const std::vector<std::string>& hosts);

  // No origin is allowed and no host refused.
  OriginRules() = default;

  // The Origin of a page that has none of its own.
  static constexpr absl::string_view kNullOrigin = "null";

  // Whether the value of a header Origin is on the list. "null" and "*" are not
  // meant here.
  bool Lists(absl::string_view origin) const;
  bool allows_any() const { return any_; }
  bool allows_null() const { return null_; }
  // Whether answers depend on the Origin.
  bool lists_any() const { return !origins_.empty() || null_; }
  bool empty() const { return origins_.empty() && !any_ && !null_; }

  // Whether `origin` is of the web, and of `scheme` ("http" or "https"; empty:
  // either).
  static bool HasScheme(absl::string_view origin, absl::string_view scheme);

  // Whether a page of `origin` came by `scheme` ("http" or "https"; empty: not
  // compared) from the host that the header Host names.
  static bool IsSameOrigin(absl::string_view origin, absl::string_view scheme,
                           absl::string_view host);

  // Whether the header Host (with or without a port) is one of ours.
  bool AllowsHost(absl::string_view host) const;

 private:
  struct Pattern {
    std::string scheme;  // of origins
    std::string host;    // with a leading '.' for names below it
    std::string port;    // empty: the scheme's
  };

  std::vector<Pattern> origins_;
  std::vector<std::string> hosts_;  // the same form as Pattern::host
  bool any_ = false;
  bool null_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_ORIGIN_RULES_H_
