#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_TEXT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_TEXT_H_

// Functions that write the parts of ProtoJSON text: numbers, times, base64,
// escapes. All of them write to memory that the caller has reserved, and return
// the position after the written text.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/base/attributes.h"
#include "absl/strings/string_view.h"

namespace sse_bridge::json_text {

// Size that any number, time or duration fits into, including quotes.
inline constexpr size_t kMaxNumberSize = 48;

// Text that is copied in blocks: `data` is readable up to the next multiple of
// kBlock, and the output must have kBlock bytes more than `size`.
inline constexpr size_t kBlock = 16;
struct Text {
  const char* data = nullptr;
  uint32_t size = 0;
};

inline char* Put(Text text, char* out) {
  std::memcpy(out, text.data, kBlock);
  for (uint32_t done = kBlock; done < text.size; done += kBlock) {
    std::memcpy(out + done, text.data + done, kBlock);
  }
  return out + text.size;
}

inline constexpr char kDigitPairs[201] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

inline char* PutTwoDigits(uint32_t v, char* out) {
  std::memcpy(out, kDigitPairs + 2 * v, 2);
  return out + 2;
}

template <typename Int>
inline char* PutInt(Int v, char* out) {
  return std::to_chars(out, out + kMaxNumberSize, v).ptr;
}

template <typename Int>
inline char* PutQuotedInt(Int v, char* out) {
  *out++ = '"';
  out = PutInt(v, out);
  *out++ = '"';
  return out;
}

// The shortest text that reads back as the same value; NaN and the infinities
// as strings.
char* PutDouble(double v, char* out);
char* PutFloat(float v, char* out);

// Writes `nanos` as ".5" or ".000001" with 3, 6 or 9 digits, or nothing for 0.
char* PutFraction(uint32_t nanos, char* out);

// RFC 3339 with "Z", in quotes. The seconds must be in [kMinTimestampSeconds,
// kMaxTimestampSeconds].
inline constexpr int64_t kMinTimestampSeconds = -62135596800;  // 0001-01-01
inline constexpr int64_t kMaxTimestampSeconds = 253402300799;  // 9999-12-31
char* PutTimestamp(int64_t seconds, uint32_t nanos, char* out);

// Standard alphabet with padding, without quotes. Needs Base64Size() bytes.
inline size_t Base64Size(size_t bytes) { return (bytes + 2) / 3 * 4; }
char* PutBase64(absl::string_view bytes, char* out);

// Marks which of eight bytes need closer inspection in a JSON string: control
// characters, DEL, `"`, `\`, `<`, `>`, and non-ASCII bytes. Returns zero if
// there are none. Otherwise the lowest set bit is in the first such byte;
// higher bits are meaningless.
inline uint64_t CareMask(uint64_t eight) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = 0x8080808080808080;
  const uint64_t control = eight - 0x20 * kOnes;
  const uint64_t quote = (eight ^ (0x22 * kOnes)) - kOnes;
  const uint64_t backslash = (eight ^ (0x5c * kOnes)) - kOnes;
  // '<' and '>' differ in one bit.
  const uint64_t angle = ((eight | (0x02 * kOnes)) ^ (0x3e * kOnes)) - kOnes;
  const uint64_t del = eight + kOnes;
  return (eight | control | quote | backslash | angle | del) & kHigh;
}

inline bool NeedsCare(uint64_t eight) { return CareMask(eight) != 0; }

// Maximum size of one escaped character in bytes (a surrogate pair).
inline constexpr size_t kMaxEscaped = 12;

// Writes the character at `in`, escaped if needed. Advances *in past it, or
// sets it to nullptr if it is not valid UTF-8. Needs kMaxEscaped bytes.
char* PutCharacter(const char** in, const char* end, char* out);

// Returns the number of bytes of the invalid UTF-8 at `in` that one U+FFFD
// replaces, as in browsers (Unicode, 3.9, "maximal subpart"). At least 1. `in`
// must be before `end`.
size_t InvalidLength(const char* in, const char* end);

inline constexpr absl::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool IsUtf8(absl::string_view s);

// Appends `s`, replacing invalid UTF-8 with U+FFFD.
void AppendUtf8(absl::string_view s, std::string* out);

// Returns the whole string in quotes. Invalid UTF-8 becomes U+FFFD. For text
// that is built once, not per message.
std::string Quote(absl::string_view s);

}  // namespace sse_bridge::json_text

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_TEXT_H_
