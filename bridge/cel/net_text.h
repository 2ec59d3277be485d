#ifndef SSE_BRIDGE_BRIDGE_CEL_NET_TEXT_H_
#define SSE_BRIDGE_BRIDGE_CEL_NET_TEXT_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace sse_bridge::cel {

// The texts that protovalidate's functions accept. All are linear in time.

// An address of IPv4 (dotted decimals without leading zeros) or IPv6 (RFC 4291,
// with any zone after '%'). `version` is 4, 6, or 0 for either; others have no
// addresses.
bool IsIp(absl::string_view text, int64_t version);

// An address without a zone, '/', and the length of a prefix. If `strict`, the
// bits after the prefix are zero.
bool IsIpPrefix(absl::string_view text, int64_t version, bool strict);

// Labels of letters, digits and inner hyphens, 63 characters each and 253 in
// all, the last not only of digits; a dot may follow.
bool IsHostname(absl::string_view text);

// A hostname, an IPv4 address or an IPv6 address in brackets, and a port after
// a colon, which may be missing unless it is required.
bool IsHostAndPort(absl::string_view text, bool port_required);

// An address as HTML's <input type=email> has it.
bool IsEmail(absl::string_view text);

// RFC 3986, with zones of IPv6 by RFC 6874.
bool IsUri(absl::string_view text);
bool IsUriReference(absl::string_view text);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_NET_TEXT_H_
