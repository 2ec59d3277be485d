#ifndef SSE_BRIDGE_BRIDGE_ACCESS_BASE64URL_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_BASE64URL_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Decodes base64url as used by JOSE (RFC 7515 section 2): no padding, no
// whitespace, no other alphabet, unused trailing bits zero. So each byte string
// has exactly one encoding. Returns nullopt for anything else.
std::optional<std::string> DecodeBase64Url(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_BASE64URL_H_
