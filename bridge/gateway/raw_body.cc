#include "bridge/gateway/raw_body.h"

namespace sse_bridge {

std::string SafeContentType(absl::string_view type) {
  constexpr char kUnknown[] = "application/octet-stream";
  for (unsigned char c : type) {
    if (c < 0x20 || c == 0x7f) return kUnknown;
  }
  return type.empty() ? kUnknown : std::string(type);
}

std::vector<std::pair<std::string, std::string>> RawBodyHeaders() {
  return {{"X-Content-Type-Options", "nosniff"},
          // A browser that shows the body runs nothing in it.
          {"Content-Security-Policy", "default-src 'none'; sandbox"}};
}

}  // namespace sse_bridge
