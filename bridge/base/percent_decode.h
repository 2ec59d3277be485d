#ifndef SSE_BRIDGE_BRIDGE_BASE_PERCENT_DECODE_H_
#define SSE_BRIDGE_BRIDGE_BASE_PERCENT_DECODE_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// The value of a hexadecimal digit, or -1.
inline int HexDigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte whose escape ("%2f": RFC 3986, 2.1) begins at text[at]. Nothing if
// no well-formed escape begins there.
inline std::optional<char> PercentEncodedByte(absl::string_view text,
                                              size_t at) {
  if (text[at] != '%' || text.size() - at < 3) return std::nullopt;
  const int high = HexDigitValue(text[at + 1]);
  const int low = HexDigitValue(text[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

// What a '+' stands for: a space in application/x-www-form-urlencoded.
enum class PlusMeans { kPlus, kSpace };

// Appends the decoded text to `out`. Returns the first malformed escape, at
// which it stops, as far as the text goes; empty when all are well-formed.
inline absl::string_view PercentDecode(absl::string_view text, std::string* out,
                                       PlusMeans plus = PlusMeans::kPlus) {
  out->reserve(out->size() + text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const std::optional<char> byte = PercentEncodedByte(text, i);
      if (!byte.has_value()) return text.substr(i, 3);
      out->push_back(*byte);
      i += 2;
    } else {
      const bool space = plus == PlusMeans::kSpace && text[i] == '+';
      out->push_back(space ? ' ' : text[i]);
    }
  }
  return "";
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_PERCENT_DECODE_H_
