#ifndef SSE_BRIDGE_BRIDGE_BASE_CUT_TEXT_H_
#define SSE_BRIDGE_BRIDGE_BASE_CUT_TEXT_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Maximum length, in bytes, of a name that an error quotes.
inline constexpr size_t kMaxNameShown = 80;

// Returns the beginning of `text`, of at most `max_bytes` bytes. UTF-8 is not
// cut within a character: what follows would make the whole text invalid. Of
// other bytes, up to three more are left out.
inline absl::string_view CutText(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t size = max_bytes;
  for (int i = 0; i < 3 && size > 0; ++i) {
    // A continuation byte would be the first that is left out.
    if ((static_cast<unsigned char>(text[size]) & 0xC0) != 0x80) break;
    --size;
  }
  return text.substr(0, size);
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_CUT_TEXT_H_
