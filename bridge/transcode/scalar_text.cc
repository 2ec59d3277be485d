#include "bridge/transcode/scalar_text.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <system_error>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"

namespace sse_bridge {

namespace {

constexpr char kOutOfRange[] = "out of range";

// google/protobuf/duration.proto: about 10,000 years.
constexpr int64_t kMaxDurationSeconds = 315'576'000'000;

constexpr int kMaxFractionDigits = 9;

// Number of digits of the longest 64-bit integer.
constexpr int64_t kMaxIntegerDigits = 20;

// Larger exponents all have the same result: out of range, or zero.
constexpr int64_t kMaxExponent = int64_t{1} << 40;

absl::string_view TakeDigits(absl::string_view* text) {
  size_t n = 0;
  while (n < text->size() && absl::ascii_isdigit((*text)[n])) ++n;
  const absl::string_view digits = text->substr(0, n);
  text->remove_prefix(n);
  return digits;
}

bool Take(absl::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

// The parts of a JSON number (RFC 8259 section 6).
struct Number {
  bool negative = false;
  absl::string_view whole;
  absl::string_view fraction;
  int64_t exponent = 0;
};

bool ParseNumber(absl::string_view text, Number* out) {
  out->negative = Take(&text, '-');
  out->whole = TakeDigits(&text);
  if (out->whole.empty()) return false;
  if (out->whole.size() > 1 && out->whole[0] == '0') return false;
  if (Take(&text, '.')) {
    out->fraction = TakeDigits(&text);
    if (out->fraction.empty()) return false;
  }
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    const bool negative = Take(&text, '-');
    if (!negative) Take(&text, '+');
    const absl::string_view digits = TakeDigits(&text);
    if (digits.empty()) return false;
    for (char c : digits) {
      if (out->exponent < kMaxExponent) {
        out->exponent = out->exponent * 10 + (c - '0');
      }
    }
    if (negative) out->exponent = -out->exponent;
  }
  return text.empty();
}

// Computes the number's magnitude without going through a double.
Reason ToMagnitude(const Number& number, uint64_t* out) {
  std::string digits(number.whole);
  digits.append(number.fraction.data(), number.fraction.size());
  int64_t exponent =
      number.exponent - static_cast<int64_t>(number.fraction.size());
  const size_t first = digits.find_first_not_of('0');
  *out = 0;
  if (first == std::string::npos) return "";
  const size_t last = digits.find_last_not_of('0');
  exponent += static_cast<int64_t>(digits.size() - 1 - last);
  digits = digits.substr(first, last - first + 1);
  if (exponent < 0) return "expected an integer";
  if (static_cast<int64_t>(digits.size()) + exponent > kMaxIntegerDigits) {
    return kOutOfRange;
  }
  digits.append(static_cast<size_t>(exponent), '0');
  return absl::SimpleAtoi(digits, out) ? "" : kOutOfRange;
}

template <typename Int>
Reason ParseIntegerAs(absl::string_view text, Int* out) {
  Number number;
  if (!ParseNumber(text, &number)) return "expected an integer";
  uint64_t magnitude;
  if (Reason reason = ToMagnitude(number, &magnitude); !reason.empty()) {
    return reason;
  }
  const uint64_t max = static_cast<uint64_t>(std::numeric_limits<Int>::max());
  if (!number.negative || magnitude == 0) {
    if (magnitude > max) return kOutOfRange;
    *out = static_cast<Int>(magnitude);
    return "";
  }
  if (std::is_unsigned_v<Int> || magnitude > max + 1) return kOutOfRange;
  *out = static_cast<Int>(-static_cast<int64_t>(magnitude - 1) - 1);
  return "";
}

template <typename Float>
Reason ParseFloatingAs(absl::string_view text, Float* out) {
  using Limits = std::numeric_limits<Float>;
  if (text == "NaN") {
    *out = Limits::quiet_NaN();
    return "";
  }
  if (text == "Infinity" || text == "-Infinity") {
    *out = text[0] == '-' ? -Limits::infinity() : Limits::infinity();
    return "";
  }
  Number number;
  if (!ParseNumber(text, &number)) return "expected a number";
  const absl::from_chars_result result =
      absl::from_chars(text.data(), text.data() + text.size(), *out);
  // The value tells overflow from underflow.
  if (result.ec == std::errc::result_out_of_range && std::abs(*out) > 1) {
    return kOutOfRange;
  }
  return "";
}

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

// Takes exactly `count` digits.
bool TakeNumber(absl::string_view* text, size_t count, int* out) {
  if (text->size() < count) return false;
  *out = 0;
  for (size_t i = 0; i < count; ++i) {
    const char c = (*text)[i];
    if (!absl::ascii_isdigit(c)) return false;
    *out = *out * 10 + (c - '0');
  }
  text->remove_prefix(count);
  return true;
}

// Takes the digits after the '.', as nanoseconds.
bool TakeFraction(absl::string_view* text, int32_t* nanos) {
  *nanos = 0;
  if (!Take(text, '.')) return true;
  const absl::string_view digits = TakeDigits(text);
  if (digits.empty() || digits.size() > kMaxFractionDigits) return false;
  for (int i = 0; i < kMaxFractionDigits; ++i) {
    const size_t at = static_cast<size_t>(i);
    *nanos = *nanos * 10 + (at < digits.size() ? digits[at] - '0' : 0);
  }
  return true;
}

}  // namespace

Reason ParseInteger(absl::string_view text, int32_t* out) {
  return ParseIntegerAs(text, out);
}
Reason ParseInteger(absl::string_view text, int64_t* out) {
  return ParseIntegerAs(text, out);
}
Reason ParseInteger(absl::string_view text, uint32_t* out) {
  return ParseIntegerAs(text, out);
}
Reason ParseInteger(absl::string_view text, uint64_t* out) {
  return ParseIntegerAs(text, out);
}

Reason ParseFloating(absl::string_view text, float* out) {
  return ParseFloatingAs(text, out);
}
Reason ParseFloating(absl::string_view text, double* out) {
  return ParseFloatingAs(text, out);
}

Reason ParseBase64(absl::string_view text, std::string* out) {
  constexpr char kMalformed[] = "expected base64";
  // Padding is optional, but if present it must complete a group of four.
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) {
      text.remove_suffix(1);
    }
  }
  if (text.size() % 4 == 1) return kMalformed;
  out->clear();
  out->reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const int value = Base64Value(c);
    if (value < 0) return kMalformed;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out->push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return "";
}

Reason ParseTimestamp(absl::string_view text, int64_t* seconds,
                      int32_t* nanos) {
  constexpr char kMalformed[] =
      "expected an RFC 3339 time such as \"2024-01-15T10:30:00Z\"";
  int year, month, day, hour, minute, second;
  if (!TakeNumber(&text, 4, &year) || !Take(&text, '-') ||
      !TakeNumber(&text, 2, &month) || !Take(&text, '-') ||
      !TakeNumber(&text, 2, &day) || !Take(&text, 'T') ||
      !TakeNumber(&text, 2, &hour) || !Take(&text, ':') ||
      !TakeNumber(&text, 2, &minute) || !Take(&text, ':') ||
      !TakeNumber(&text, 2, &second) || !TakeFraction(&text, nanos)) {
    return kMalformed;
  }
  int64_t offset = 0;
  if (!Take(&text, 'Z')) {
    int sign = 1, hours, minutes;
    if (Take(&text, '-')) {
      sign = -1;
    } else if (!Take(&text, '+')) {
      return kMalformed;
    }
    if (!TakeNumber(&text, 2, &hours) || !Take(&text, ':') ||
        !TakeNumber(&text, 2, &minutes) || hours > 23 || minutes > 59) {
      return kMalformed;
    }
    offset = sign * (hours * 3600 + minutes * 60);
  }
  if (!text.empty()) return kMalformed;
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  // CivilSecond normalises dates that do not exist.
  if (civil.month() != month || civil.day() != day || civil.hour() != hour ||
      civil.minute() != minute || civil.second() != second) {
    return kMalformed;
  }
  *seconds = (civil - absl::CivilSecond(1970, 1, 1)) - offset;
  if (*seconds < absl::CivilSecond(1, 1, 1) - absl::CivilSecond(1970, 1, 1) ||
      *seconds >=
          absl::CivilSecond(10000, 1, 1) - absl::CivilSecond(1970, 1, 1)) {
    return kOutOfRange;
  }
  return "";
}

Reason ParseDuration(absl::string_view text, int64_t* seconds, int32_t* nanos) {
  constexpr char kMalformed[] = "expected a duration such as \"1.5s\"";
  const bool negative = Take(&text, '-');
  const absl::string_view whole = TakeDigits(&text);
  if (whole.empty() || !TakeFraction(&text, nanos) || !Take(&text, 's') ||
      !text.empty()) {
    return kMalformed;
  }
  if (!absl::SimpleAtoi(whole, seconds) || *seconds > kMaxDurationSeconds) {
    return kOutOfRange;
  }
  if (negative) {
    *seconds = -*seconds;
    *nanos = -*nanos;
  }
  return "";
}

Reason ParseFieldMask(absl::string_view text, bool allow_snake,
                      std::vector<std::string>* paths) {
  constexpr char kMalformed[] =
      "expected field names such as \"userName,address.city\"";
  paths->clear();
  if (text.empty()) return "";
  for (absl::string_view path : absl::StrSplit(text, ',')) {
    std::string out;
    char previous = '.';
    for (char c : path) {
      if (c == '.' && previous == '.') return kMalformed;
      if (absl::ascii_isupper(c)) {
        out.push_back('_');
        out.push_back(absl::ascii_tolower(c));
      } else if (absl::ascii_isalnum(c) || c == '.' || c == '*' ||
                 (c == '_' && allow_snake)) {
        out.push_back(c);
      } else {
        return kMalformed;
      }
      previous = c;
    }
    if (previous == '.') return kMalformed;
    paths->push_back(std::move(out));
  }
  return "";
}

// RFC 3629: no surrogates, no overlong forms, nothing beyond U+10FFFF.
bool IsValidUtf8(absl::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p < end) {
    const unsigned char lead = *p++;
    if (lead < 0x80) continue;
    int more;
    unsigned char low = 0x80, high = 0xbf;  // of the second byte
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - p < more || *p < low || *p > high) return false;
    for (++p; --more > 0; ++p) {
      if (*p < 0x80 || *p > 0xbf) return false;
    }
  }
  return true;
}

}  // namespace sse_bridge
