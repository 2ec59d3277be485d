#include "bridge/transcode/json_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace sse_bridge::json_text {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// Non-ASCII characters that are escaped: invisible and formatting characters,
// and the line separators that JavaScript used to treat as line ends. The same
// set as in libprotobuf.
struct Range {
  uint32_t first, last;
};
constexpr Range kEscapedRanges[] = {
    {0x7f, 0x9f},       {0xad, 0xad},       {0x600, 0x603},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x17b4, 0x17b5},
    {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x2064},
    {0x206a, 0x206f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
    {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
};

bool IsEscaped(uint32_t c) {
  // Nearly all text is in the first gap, or is CJK or later.
  if (c > 0xad && c < 0x600) return false;
  if (c > 0x206f && c < 0xfeff) return false;
  for (const Range& range : kEscapedRanges) {
    if (c <= range.last) return c >= range.first;
  }
  return false;
}

char* PutHexEscape(uint32_t unit, char* out) {
  *out++ = '\\';
  *out++ = 'u';
  *out++ = kHex[unit >> 12 & 15];
  *out++ = kHex[unit >> 8 & 15];
  *out++ = kHex[unit >> 4 & 15];
  *out++ = kHex[unit & 15];
  return out;
}

// The output for each ASCII character.
struct Escape {
  char text[7];
  uint8_t size;
};

constexpr std::array<Escape, 128> MakeEscapes() {
  std::array<Escape, 128> escapes = {};
  for (size_t c = 0; c < escapes.size(); ++c) {
    Escape& escape = escapes[c];
    const char letter = c == '\b'               ? 'b'
                        : c == '\f'             ? 'f'
                        : c == '\n'             ? 'n'
                        : c == '\r'             ? 'r'
                        : c == '\t'             ? 't'
                        : c == '"' || c == '\\' ? static_cast<char>(c)
                                                : '\0';
    if (letter != '\0') {
      escape = {{'\\', letter}, 2};
    } else if (c < 0x20 || c == '<' || c == '>' || c == 0x7f) {
      escape = {{'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]}, 6};
    } else {
      escape = {{static_cast<char>(c)}, 1};
    }
  }
  return escapes;
}

constexpr std::array<Escape, 128> kEscapes = MakeEscapes();

// Reads one character of two to four bytes. Returns its length, or 0 if it is
// invalid.
int ReadMultibyte(const char* in, const char* end, uint32_t* c) {
  const auto byte = [in](int i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(in[i]));
  };
  const auto continues = [&byte](int i) { return (byte(i) & 0xc0) == 0x80; };
  const ptrdiff_t left = end - in;
  const uint32_t first = byte(0);
  if (first < 0xe0) {
    if (first < 0xc2 || left < 2 || !continues(1)) return 0;
    *c = (first & 0x1f) << 6 | (byte(1) & 0x3f);
    return 2;
  }
  if (first < 0xf0) {
    if (left < 3 || !continues(1) || !continues(2)) return 0;
    *c = (first & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    if (*c < 0x800 || (*c >= 0xd800 && *c < 0xe000)) return 0;
    return 3;
  }
  if (first > 0xf4 || left < 4 || !continues(1) || !continues(2) ||
      !continues(3)) {
    return 0;
  }
  *c = (first & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 |
       (byte(3) & 0x3f);
  return *c < 0x10000 || *c > 0x10ffff ? 0 : 4;
}

char* PutLiteral(absl::string_view s, char* out) {
  std::memcpy(out, s.data(), s.size());
  return out + s.size();
}

// Plain notation inside this range, scientific notation outside it.
constexpr double kPlainMin = 1e-4;
constexpr double kPlainMax = 1e15;

// Numbers below this limit with at most six decimals are written without the
// general algorithm. They have at most 15 digits, which identify a double
// uniquely, so a text that reads back as the same double is also the shortest.
constexpr double kDecimalMax = 1e9;
constexpr int kDecimals = 6;
constexpr double kDecimalScale = 1e6;

template <typename T>
char* PutFloatingPoint(T v, char* out) {
  const T magnitude = std::fabs(v);
  if (magnitude == 0) {
    if (std::signbit(v)) *out++ = '-';
    *out++ = '0';
    return out;
  }
  const std::chars_format format =
      magnitude >= T{kPlainMin} && magnitude < T{kPlainMax}
          ? std::chars_format::fixed
          : std::chars_format::scientific;
  return std::to_chars(out, out + kMaxNumberSize, v, format).ptr;
}

char* PutNotFinite(double v, char* out) {
  if (std::isnan(v)) return PutLiteral("\"NaN\"", out);
  return PutLiteral(v > 0 ? "\"Infinity\"" : "\"-Infinity\"", out);
}

}  // namespace

char* PutDouble(double v, char* out) {
  const double magnitude = std::fabs(v);
  if (magnitude < kDecimalMax && magnitude >= kPlainMin) {
    const auto scaled = static_cast<uint64_t>(magnitude * kDecimalScale + 0.5);
    if (static_cast<double>(scaled) / kDecimalScale == magnitude) {
      if (v < 0) *out++ = '-';
      out = PutInt(static_cast<uint32_t>(scaled / 1000000), out);
      const auto fraction = static_cast<uint32_t>(scaled % 1000000);
      if (fraction == 0) return out;
      *out++ = '.';
      PutTwoDigits(fraction / 10000, out);
      PutTwoDigits(fraction / 100 % 100, out + 2);
      PutTwoDigits(fraction % 100, out + 4);
      out += kDecimals;
      while (out[-1] == '0') --out;
      return out;
    }
  }
  if (!std::isfinite(v)) return PutNotFinite(v, out);
  return PutFloatingPoint(v, out);
}

char* PutFloat(float v, char* out) {
  if (!std::isfinite(v)) return PutNotFinite(v, out);
  return PutFloatingPoint(v, out);
}

char* PutFraction(uint32_t nanos, char* out) {
  if (nanos == 0) return out;
  *out++ = '.';
  const uint32_t millis = nanos / 1000000;
  *out++ = static_cast<char>('0' + millis / 100);
  out = PutTwoDigits(millis % 100, out);
  const uint32_t below_millis = nanos % 1000000;
  if (below_millis == 0) return out;
  const uint32_t micros = below_millis / 1000;
  *out++ = static_cast<char>('0' + micros / 100);
  out = PutTwoDigits(micros % 100, out);
  const uint32_t below_micros = below_millis % 1000;
  if (below_micros == 0) return out;
  *out++ = static_cast<char>('0' + below_micros / 100);
  return PutTwoDigits(below_micros % 100, out);
}

char* PutTimestamp(int64_t seconds, uint32_t nanos, char* out) {
  // Days count from 0000-03-01, so that a leap day is the last day of its year
  // and all numbers are positive.
  constexpr int64_t kDaysBeforeEpoch = 719468;
  const auto total = static_cast<uint64_t>(seconds + kDaysBeforeEpoch * 86400);
  const auto days = static_cast<uint32_t>(total / 86400);
  const auto second_of_day = static_cast<uint32_t>(total % 86400);
  const uint32_t era = days / 146097;
  const uint32_t day_of_era = days % 146097;
  const uint32_t year_of_era = (day_of_era - day_of_era / 1460 +
                                day_of_era / 36524 - day_of_era / 146096) /
                               365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t shifted_month = (5 * day_of_year + 2) / 153;
  const uint32_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const uint32_t month =
      shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const uint32_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);

  *out++ = '"';
  out = PutTwoDigits(year / 100, out);
  out = PutTwoDigits(year % 100, out);
  *out++ = '-';
  out = PutTwoDigits(month, out);
  *out++ = '-';
  out = PutTwoDigits(day, out);
  *out++ = 'T';
  out = PutTwoDigits(second_of_day / 3600, out);
  *out++ = ':';
  out = PutTwoDigits(second_of_day / 60 % 60, out);
  *out++ = ':';
  out = PutTwoDigits(second_of_day % 60, out);
  out = PutFraction(nanos, out);
  *out++ = 'Z';
  *out++ = '"';
  return out;
}

char* PutBase64(absl::string_view bytes, char* out) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint8_t* const end = in + bytes.size();
  for (; end - in >= 3; in += 3) {
    const uint32_t v = uint32_t{in[0]} << 16 | uint32_t{in[1]} << 8 | in[2];
    *out++ = kAlphabet[v >> 18];
    *out++ = kAlphabet[v >> 12 & 63];
    *out++ = kAlphabet[v >> 6 & 63];
    *out++ = kAlphabet[v & 63];
  }
  if (in == end) return out;
  const uint32_t v =
      uint32_t{in[0]} << 16 | (end - in == 2 ? uint32_t{in[1]} << 8 : 0);
  *out++ = kAlphabet[v >> 18];
  *out++ = kAlphabet[v >> 12 & 63];
  *out++ = end - in == 2 ? kAlphabet[v >> 6 & 63] : '=';
  *out++ = '=';
  return out;
}

char* PutCharacter(const char** in, const char* end, char* out) {
  const uint32_t first = static_cast<uint8_t>(**in);
  if (first < 0x80) {
    ++*in;
    std::memcpy(out, &kEscapes[first], sizeof(Escape));
    return out + kEscapes[first].size;
  }
  uint32_t c;
  const int length = ReadMultibyte(*in, end, &c);
  if (length == 0) {
    *in = nullptr;
    return out;
  }
  if (!IsEscaped(c)) {
    for (int i = 0; i < length; ++i) *out++ = (*in)[i];
  } else if (c < 0x10000) {
    out = PutHexEscape(c, out);
  } else {
    out = PutHexEscape(0xd800 + ((c - 0x10000) >> 10), out);
    out = PutHexEscape(0xdc00 + ((c - 0x10000) & 0x3ff), out);
  }
  *in += length;
  return out;
}

size_t InvalidLength(const char* in, const char* end) {
  const auto first = static_cast<uint8_t>(*in);
  if (first < 0xc2 || first > 0xf4) return 1;
  const ptrdiff_t most = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  // Only the second byte has tighter bounds: no overlong forms, no surrogates,
  // nothing beyond U+10FFFF.
  uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  size_t length = 1;
  for (ptrdiff_t i = 1; i < most && i < end - in; ++i) {
    const auto byte = static_cast<uint8_t>(in[i]);
    if (byte < low || byte > high) break;
    low = 0x80;
    high = 0xbf;
    ++length;
  }
  return length;
}

bool IsUtf8(absl::string_view s) {
  const char* in = s.data();
  const char* const end = in + s.size();
  while (in != end) {
    char escaped[kMaxEscaped];
    PutCharacter(&in, end, escaped);
    if (in == nullptr) return false;
  }
  return true;
}

void AppendUtf8(absl::string_view s, std::string* out) {
  const char* in = s.data();
  const char* const end = in + s.size();
  while (in != end) {
    char escaped[kMaxEscaped];
    const char* after = in;
    PutCharacter(&after, end, escaped);
    if (after == nullptr) {
      out->append(kReplacement.data(), kReplacement.size());
      in += InvalidLength(in, end);
    } else {
      out->append(in, static_cast<size_t>(after - in));
      in = after;
    }
  }
}

std::string Quote(absl::string_view s) {
  std::string quoted = "\"";
  const char* in = s.data();
  const char* const end = in + s.size();
  while (in != end) {
    char character[kMaxEscaped];
    const char* after = in;
    char* const stop = PutCharacter(&after, end, character);
    if (after == nullptr) {
      quoted.append(kReplacement.data(), kReplacement.size());
      in += InvalidLength(in, end);
      continue;
    }
    quoted.append(character, static_cast<size_t>(stop - character));
    in = after;
  }
  quoted += '"';
  return quoted;
}

}  // namespace sse_bridge::json_text
