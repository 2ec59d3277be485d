#ifndef SSE_BRIDGE_BRIDGE_ACCESS_BASE64URL_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_BASE64URL_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Decodes base64url as JOSE has it (RFC 7515 section 2): no padding, no
// whitespace, no other alphabet, unused trailing bits zero. So there is exactly
// one text for each byte string; all else gives nothing.
std::optional<std::string> DecodeBase64Url(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_BASE64URL_H_
