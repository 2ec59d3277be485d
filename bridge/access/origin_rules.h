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
  // scheme's; "https://*.example.com", any name below that one; or "*", any
  // page at all, which then may not use cookies. Hosts are "example.com" or
  // "*.example.com", in lower or upper case, without a port; an empty list
  // allows every host. InvalidArgument says what is wrong.
  static absl::StatusOr<OriginRules> Create(
      const std::vector<std::string>& origins,
      const std::vector<std::string>& hosts);

  // No origin is allowed and no host refused.
  OriginRules() = default;

  // Whether the value of a header Origin is on the list. "*" is not meant here.
  bool Lists(absl::string_view origin) const;
  bool allows_any() const { return any_; }
  bool lists_any() const { return !origins_.empty(); }
  bool empty() const { return origins_.empty() && !any_; }

  // Whether a page of `origin` came from the host that the header Host names.
  // The scheme is not compared: behind a proxy it is not known.
  static bool IsSameHost(absl::string_view origin, absl::string_view host);

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
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_ORIGIN_RULES_H_
