#ifndef SSE_BRIDGE_BRIDGE_ACCESS_CLIENT_ADDRESS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_CLIENT_ADDRESS_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sse_bridge {

// An IP address in 16 bytes; IPv4 as ::ffff:a.b.c.d.
using IpBytes = std::array<unsigned char, 16>;

// "1.2.3.4" or "2001:db8::1", nothing else.
std::optional<IpBytes> ParseIp(absl::string_view text);
std::string IpText(const IpBytes& ip);

// What an address counts as in limits: itself, or the /64 of an IPv6 address,
// which is what one customer has. What is no address counts as it is.
std::string LimitKey(absl::string_view address);

// The proxies whose word about a client's address is taken: anybody can send an
// X-Forwarded-For. Immutable, then safe from any thread.
class TrustedProxies {
 public:
  // Addresses and networks ("10.0.0.0/8", "::1"). InvalidArgument names the
  // one that is neither.
  static absl::StatusOr<TrustedProxies> Create(
      const std::vector<std::string>& networks);

  // Nobody is trusted.
  TrustedProxies() = default;

  bool Trusts(absl::string_view address) const;

  // The client behind a connection from `peer`: the peer itself, unless it is
  // trusted. Then the last address of `forwarded_for`, the values of the
  // headers X-Forwarded-For in their order, that is no trusted proxy. What
  // stands before it, or before something that is no address, is hearsay.
  std::string ClientOf(absl::string_view peer,
                       absl::Span<const absl::string_view> forwarded_for) const;

 private:
  struct Network {
    IpBytes ip;
    int bits;  // of 128
  };

  std::vector<Network> networks_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_CLIENT_ADDRESS_H_
