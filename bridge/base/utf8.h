#ifndef SSE_BRIDGE_BRIDGE_BASE_UTF8_H_
#define SSE_BRIDGE_BRIDGE_BASE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Returns whether the text is UTF-8 (RFC 3629): shortest forms, no surrogates.
bool IsUtf8(absl::string_view text);

inline bool IsUtf8Continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Returns the beginning of `text`, of at most `max_bytes` bytes, for a message.
// UTF-8 is not cut within a character: what follows would make the whole
// message invalid. Of other bytes, up to three more are left out.
inline absl::string_view CutText(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t size = max_bytes;
  // The byte at `size` is the first that is left out.
  for (int i = 0; i < 3 && size > 0 && IsUtf8Continuation(text[size]); ++i) {
    --size;
  }
  return text.substr(0, size);
}

// Maximum length, in bytes, of a name or value that a message quotes.
inline constexpr size_t kMaxNameShown = 80;

// The rest is for valid UTF-8.

// How many bytes the code point has that begins with this byte.
inline size_t Utf8Length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// The first character of UTF-8 that is not empty. Errors quote whole
// characters: with a part of one they would not be UTF-8.
inline absl::string_view FirstCharacter(absl::string_view text) {
  return text.substr(0, Utf8Length(text[0]));
}

size_t CountCodePoints(absl::string_view text);

// The byte at which code point `index` begins, or npos if the text has fewer.
// The end of the text counts as one.
size_t CodePointOffset(absl::string_view text, uint64_t index);

// Decodes the first code point. Requires one.
char32_t FirstCodePoint(absl::string_view text);

void AppendUtf8(char32_t code_point, std::string* out);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_UTF8_H_
