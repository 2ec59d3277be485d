#include "bridge/transcode/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

namespace sse_bridge::json_text {
namespace {

std::string Double(double v) {
  char out[kMaxNumberSize];
  return std::string(out, PutDouble(v, out));
}

std::string Float(float v) {
  char out[kMaxNumberSize];
  return std::string(out, PutFloat(v, out));
}

size_t SignificantDigits(const std::string& s) {
  size_t digits = 0;
  size_t zeros = 0;  // possibly trailing
  for (const char c : s) {
    if (c == 'e') break;
    if (c < '0' || c > '9') continue;
    if (c == '0') {
      if (digits > 0) ++zeros;
    } else {
      digits += zeros + 1;
      zeros = 0;
    }
  }
  return digits;
}

// Compares the shortcut for short decimals with the general algorithm.
TEST(JsonTextTest, DoublesReadBackAndAreShortest) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 300000; ++i) {
    double v;
    if (i % 3 == 0) {
      const uint64_t bits = random();
      std::memcpy(&v, &bits, sizeof(v));
    } else if (i % 3 == 1) {
      v = static_cast<double>(random() % 10000000000000) /
          std::pow(10, static_cast<double>(random() % 9));
    } else {
      v = std::ldexp(static_cast<double>(random() % 2000001) - 1000000,
                     static_cast<int>(random() % 60) - 40);
    }
    if (!std::isfinite(v)) continue;
    const std::string text = Double(v);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), v) << text;
    char general[64];
    *std::to_chars(general, general + 64, v, std::chars_format::scientific)
         .ptr = '\0';
    ASSERT_EQ(SignificantDigits(text), SignificantDigits(general))
        << text << " " << general;
  }
}

TEST(JsonTextTest, FloatsReadBack) {
  std::mt19937 random(1);
  for (int i = 0; i < 100000; ++i) {
    float v;
    const uint32_t bits = static_cast<uint32_t>(random());
    std::memcpy(&v, &bits, sizeof(v));
    if (!std::isfinite(v)) continue;
    const std::string text = Float(v);
    ASSERT_EQ(std::strtof(text.c_str(), nullptr), v) << text;
  }
}

TEST(JsonTextTest, NumbersFitTheReservedSize) {
  for (const double v : {-1.2345678901234567e-300, -0.00012345678901234567,
                         -123456789012345.67, 5e-324, -999999999.999999}) {
    EXPECT_LE(Double(v).size(), 25u);
  }
}

// Compares every day of a thousand years with the C library.
TEST(JsonTextTest, TimestampsAgreeWithTheCalendar) {
  for (int64_t day = -200000; day < 200000; ++day) {
    const int64_t seconds = day * 86400 + (day % 86400 + 86400) % 86400;
    char out[kMaxNumberSize];
    const std::string text(out, PutTimestamp(seconds, 0, out));
    const time_t time = seconds;
    tm parts;
    gmtime_r(&time, &parts);
    char expected[64];
    std::snprintf(expected, sizeof(expected),
                  "\"%04d-%02d-%02dT%02d:%02d:%02dZ\"", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                  parts.tm_sec);
    ASSERT_EQ(text, expected);
  }
}

TEST(JsonTextTest, FractionsHaveThreeSixOrNineDigits) {
  const auto fraction = [](uint32_t nanos) {
    char out[kMaxNumberSize];
    return std::string(out, PutFraction(nanos, out));
  };
  EXPECT_EQ(fraction(0), "");
  EXPECT_EQ(fraction(500000000), ".500");
  EXPECT_EQ(fraction(1000000), ".001");
  EXPECT_EQ(fraction(1000), ".000001");
  EXPECT_EQ(fraction(999999000), ".999999");
  EXPECT_EQ(fraction(1), ".000000001");
  EXPECT_EQ(fraction(999999999), ".999999999");
}

TEST(JsonTextTest, Base64HasPadding) {
  const auto base64 = [](absl::string_view bytes) {
    std::string out(Base64Size(bytes.size()), '\0');
    EXPECT_EQ(PutBase64(bytes, out.data()), out.data() + out.size());
    return out;
  };
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("\xfb\xff"), "+/8=");
}

TEST(JsonTextTest, NeedsCareOfEveryByteAtEveryPosition) {
  for (int at = 0; at < 8; ++at) {
    for (int c = 0; c < 256; ++c) {
      char bytes[9] = "xxxxxxxx";
      bytes[at] = static_cast<char>(c);
      uint64_t eight;
      std::memcpy(&eight, bytes, 8);
      const bool care = c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ||
                        c == '<' || c == '>';
      ASSERT_EQ(NeedsCare(eight), care) << c << " at " << at;
    }
  }
}

TEST(JsonTextTest, OneReplacementPerMaximalSubpart) {
  const auto valid = [](absl::string_view s) {
    std::string out = "<";
    AppendUtf8(s, &out);
    EXPECT_EQ(IsUtf8(s), out.substr(1) == s);
    return out + ">";
  };
  EXPECT_EQ(valid(""), "<>");
  EXPECT_EQ(valid("a\u00e9\u20ac\U0001f600"), "<a\u00e9\u20ac\U0001f600>");
  EXPECT_EQ(valid("\xff\xc0\xaf"), "<\uFFFD\uFFFD\uFFFD>");
  EXPECT_EQ(valid("\xf0\x9f\x98z"), "<\uFFFDz>");
  EXPECT_EQ(valid("\xe2\x82"), "<\uFFFD>");
  EXPECT_EQ(valid("\xe0\x80\x80"), "<\uFFFD\uFFFD\uFFFD>");  // overlong
  EXPECT_EQ(valid("\xed\xa0\x80"), "<\uFFFD\uFFFD\uFFFD>");  // a surrogate
  EXPECT_EQ(valid("\xf4\x90\x80\x80"), "<\uFFFD\uFFFD\uFFFD\uFFFD>");
}

TEST(JsonTextTest, QuoteReplacesInvalidUtf8) {
  EXPECT_EQ(Quote("a\"b<\xff\n"), "\"a\\\"b\\u003c\xef\xbf\xbd\\n\"");
}

}  // namespace
}  // namespace sse_bridge::json_text
