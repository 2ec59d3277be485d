#ifndef SSE_BRIDGE_BRIDGE_ACCESS_ESCAPED_TEXT_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_ESCAPED_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Encodes `text` as a value of gRPC metadata, which is printable ASCII: blanks,
// percent signs and all non-printable bytes are percent-encoded.
inline std::string EscapedText(absl::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (unsigned char c : text) {
    if (c > 0x20 && c < 0x7f && c != '%') {
      escaped.push_back(static_cast<char>(c));
    } else {
      for (const char each : {'%', kHex[c >> 4], kHex[c & 15]}) {
        escaped.push_back(each);
      }
    }
  }
  return escaped;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_ESCAPED_TEXT_H_
