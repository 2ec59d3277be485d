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

// An IP address in 16 bytes; IPv4 is mapped to ::ffff:a.b.c.d.
using IpBytes = std::array<unsigned char, 16>;

// Parses "1.2.3.4" or "2001:db8::1"; accepts no other form.
std::optional<IpBytes> ParseIp(absl::string_view text);
std::string IpText(const IpBytes& ip);

// Returns the key under which limits count an address: the address itself, or
// the /64 network of an IPv6 address, because one customer usually has a whole
// /64. Text that is not an address is returned unchanged.
std::string LimitKey(absl::string_view address);

// Proxies whose X-Forwarded-For is trusted; anybody can send that header.
// Immutable and thread-safe.
class TrustedProxies {
 public:
  // Takes addresses and networks ("10.0.0.0/8", "::1"). Returns
  // kInvalidArgument naming the first invalid entry.
  static absl::StatusOr<TrustedProxies> Create(
      const std::vector<std::string>& networks);

  // Trusts no proxy.
  TrustedProxies() = default;

  bool Trusts(absl::string_view address) const;

  // Returns the client address of a connection from `peer`: the peer itself,
  // unless it is trusted. Then it is the last address in `forwarded_for` (the
  // values of X-Forwarded-For in order) that is not a trusted proxy. Entries
  // before that address, or before an invalid entry, are not trusted.
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
