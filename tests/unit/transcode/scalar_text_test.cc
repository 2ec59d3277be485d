#include "bridge/transcode/scalar_text.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

template <typename Int>
std::string Integer(absl::string_view text) {
  Int value = 0;
  const Reason reason = ParseInteger(text, &value);
  return reason.empty() ? absl::StrCat(value) : reason;
}

TEST(ScalarTextTest, IntegersAreExactInEveryForm) {
  EXPECT_EQ(Integer<int32_t>("0"), "0");
  EXPECT_EQ(Integer<int32_t>("-0"), "0");
  EXPECT_EQ(Integer<uint32_t>("-0.0"), "0");
  EXPECT_EQ(Integer<int32_t>("1.0"), "1");
  EXPECT_EQ(Integer<int32_t>("1e3"), "1000");
  EXPECT_EQ(Integer<int32_t>("1E+3"), "1000");
  EXPECT_EQ(Integer<int32_t>("1200e-2"), "12");
  EXPECT_EQ(Integer<int32_t>("0.25e2"), "25");
  EXPECT_EQ(Integer<int32_t>("0e999999999999999999999"), "0");
  EXPECT_EQ(Integer<int32_t>("2.147483647e9"), "2147483647");
  EXPECT_EQ(Integer<int64_t>("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(Integer<int64_t>("9223372036854775807.000"), "9223372036854775807");
  EXPECT_EQ(Integer<int64_t>("9.223372036854775807e18"), "9223372036854775807");
  EXPECT_EQ(Integer<int64_t>("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(Integer<uint64_t>("18446744073709551615"), "18446744073709551615");
}

TEST(ScalarTextTest, IntegersOutOfRangeAreRefused) {
  EXPECT_EQ(Integer<int32_t>("2147483648"), "out of range");
  EXPECT_EQ(Integer<int32_t>("-2147483648"), "-2147483648");
  EXPECT_EQ(Integer<int32_t>("-2147483649"), "out of range");
  EXPECT_EQ(Integer<uint32_t>("4294967295"), "4294967295");
  EXPECT_EQ(Integer<uint32_t>("4294967296"), "out of range");
  EXPECT_EQ(Integer<uint32_t>("-1"), "out of range");
  EXPECT_EQ(Integer<int64_t>("9223372036854775808"), "out of range");
  EXPECT_EQ(Integer<int64_t>("-9223372036854775809"), "out of range");
  EXPECT_EQ(Integer<uint64_t>("18446744073709551616"), "out of range");
  EXPECT_EQ(Integer<uint64_t>("1e20"), "out of range");
  EXPECT_EQ(Integer<uint64_t>("1e999999999999999999999"), "out of range");
}

TEST(ScalarTextTest, NonIntegersAreRefused) {
  for (const char* text :
       {"", " ", "1 ", " 1", "+1", "-", "01", "1.", ".5", "0.5", "1e", "1e-1",
        "1e-99999999999999999999", "0x1", "1a", "NaN", "true", "1,000", "١"}) {
    EXPECT_EQ(Integer<int64_t>(text), "expected an integer") << text;
  }
}

TEST(ScalarTextTest, Floating) {
  double d;
  float f;
  EXPECT_EQ(ParseFloating("1.5e-3", &d), "");
  EXPECT_EQ(d, 0.0015);
  EXPECT_EQ(ParseFloating("-0", &d), "");
  EXPECT_TRUE(std::signbit(d));
  EXPECT_EQ(ParseFloating("NaN", &d), "");
  EXPECT_TRUE(std::isnan(d));
  EXPECT_EQ(ParseFloating("-Infinity", &f), "");
  EXPECT_EQ(f, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(ParseFloating("1.7976931348623157e308", &d), "");
  EXPECT_EQ(d, std::numeric_limits<double>::max());
  EXPECT_EQ(ParseFloating("1.8e308", &d), "out of range");
  EXPECT_EQ(ParseFloating("-1e999", &d), "out of range");
  EXPECT_EQ(ParseFloating("1e-999", &d), "");
  EXPECT_EQ(ParseFloating("3.4028235e38", &f), "");
  EXPECT_EQ(ParseFloating("3.5e38", &f), "out of range");
  EXPECT_EQ(ParseFloating("5e-324", &d), "");
  EXPECT_EQ(d, std::numeric_limits<double>::denorm_min());
  for (const char* text : {"", "nan", "inf", "infinity", "+1", "1.", ".5", " 1",
                           "1 ", "0x1p3", "1e", "Infinity "}) {
    EXPECT_EQ(ParseFloating(text, &d), "expected a number") << text;
  }
}

TEST(ScalarTextTest, Base64OfEitherAlphabetWithOrWithoutPadding) {
  const auto decode = [](absl::string_view text) {
    std::string out;
    const Reason reason = ParseBase64(text, &out);
    return reason.empty() ? "=" + out : reason;
  };
  EXPECT_EQ(decode(""), "=");
  EXPECT_EQ(decode("aGk="), "=hi");
  EXPECT_EQ(decode("aGk"), "=hi");
  EXPECT_EQ(decode("aA=="), "=h");
  EXPECT_EQ(decode("aA"), "=h");
  EXPECT_EQ(decode("aGV5"), "=hey");
  EXPECT_EQ(decode("+/+/"), "=\xfb\xff\xbf");
  EXPECT_EQ(decode("-_-_"), "=\xfb\xff\xbf");
  EXPECT_EQ(decode("-_"), "=\xfb");
  for (const char* text : {"a", "aGk=a", "====", "a===", "aA=", "aGk==",
                           "aGV5=", "aG k", "aGk\n", "aG.k", "aGV5aGV5a"}) {
    EXPECT_EQ(decode(text), "expected base64") << text;
  }
}

std::string Timestamp(absl::string_view text) {
  int64_t seconds;
  int32_t nanos;
  const Reason reason = ParseTimestamp(text, &seconds, &nanos);
  if (reason.empty()) return absl::StrCat(seconds, " ", nanos);
  return reason == "out of range" ? "range" : "malformed";
}

TEST(ScalarTextTest, Timestamps) {
  EXPECT_EQ(Timestamp("1970-01-01T00:00:00Z"), "0 0");
  EXPECT_EQ(Timestamp("2024-02-29T23:59:59.5Z"), "1709251199 500000000");
  EXPECT_EQ(Timestamp("1970-01-01T00:00:00.000000001Z"), "0 1");
  EXPECT_EQ(Timestamp("1969-12-31T23:59:59.999999999Z"), "-1 999999999");
  EXPECT_EQ(Timestamp("1970-01-01T01:00:00+01:00"), "0 0");
  EXPECT_EQ(Timestamp("1969-12-31T16:30:00-07:30"), "0 0");
  EXPECT_EQ(Timestamp("0001-01-01T00:00:00Z"), "-62135596800 0");
  EXPECT_EQ(Timestamp("9999-12-31T23:59:59.999999999Z"),
            "253402300799 999999999");
  EXPECT_EQ(Timestamp("0000-12-31T23:59:59Z"), "range");
  EXPECT_EQ(Timestamp("0001-01-01T00:00:00+00:01"), "range");
  EXPECT_EQ(Timestamp("9999-12-31T23:59:59-00:01"), "range");
  for (const char* text : {"",
                           "1970-01-01",
                           "1970-01-01T00:00:00",
                           "1970-01-01T00:00:00z",
                           "1970-01-01t00:00:00Z",
                           "1970-01-01 00:00:00Z",
                           "1970-01-01T00:00:00.Z",
                           "1970-01-01T00:00:00.1234567890Z",
                           "1970-01-01T00:00:00Zx",
                           " 1970-01-01T00:00:00Z",
                           "1970-1-1T0:0:0Z",
                           "2023-02-29T00:00:00Z",
                           "1970-13-01T00:00:00Z",
                           "1970-00-01T00:00:00Z",
                           "1970-01-32T00:00:00Z",
                           "1970-01-01T24:00:00Z",
                           "1970-01-01T00:60:00Z",
                           "1970-01-01T00:00:60Z",
                           "10000-01-01T00:00:00Z",
                           "-001-01-01T00:00:00Z",
                           "1970-01-01T00:00:00+24:00",
                           "1970-01-01T00:00:00+00:60",
                           "1970-01-01T00:00:00+0000",
                           "1970-01-01T00:00:00+00"}) {
    EXPECT_EQ(Timestamp(text), "malformed") << text;
  }
}

std::string Duration(absl::string_view text) {
  int64_t seconds;
  int32_t nanos;
  const Reason reason = ParseDuration(text, &seconds, &nanos);
  if (reason.empty()) return absl::StrCat(seconds, " ", nanos);
  return reason == "out of range" ? "range" : "malformed";
}

TEST(ScalarTextTest, Durations) {
  EXPECT_EQ(Duration("0s"), "0 0");
  EXPECT_EQ(Duration("1.5s"), "1 500000000");
  EXPECT_EQ(Duration("-0.5s"), "0 -500000000");
  EXPECT_EQ(Duration("-3.000000001s"), "-3 -1");
  EXPECT_EQ(Duration("315576000000.999999999s"), "315576000000 999999999");
  EXPECT_EQ(Duration("-315576000000s"), "-315576000000 0");
  EXPECT_EQ(Duration("315576000001s"), "range");
  EXPECT_EQ(Duration("-315576000001s"), "range");
  EXPECT_EQ(Duration("99999999999999999999s"), "range");
  for (const char* text :
       {"", "s", "1", "1S", "1.s", ".5s", "+1s", "--1s", "1s ", " 1s",
        "1.1234567890s", "1e3s", "1m", "1ss", "1.5.5s"}) {
    EXPECT_EQ(Duration(text), "malformed") << text;
  }
}

TEST(ScalarTextTest, FieldMasks) {
  const auto mask = [](absl::string_view text, bool snake) {
    std::vector<std::string> paths;
    return ParseFieldMask(text, snake, &paths).empty()
               ? absl::StrJoin(paths, "|")
               : "malformed";
  };
  EXPECT_EQ(mask("", false), "");
  EXPECT_EQ(mask("foo", false), "foo");
  EXPECT_EQ(mask("fooBar,baz.quxQuux1", false), "foo_bar|baz.qux_quux1");
  EXPECT_EQ(mask("*,items.*.name", false), "*|items.*.name");  // AIP-134, 161
  EXPECT_EQ(mask("foo_bar", false), "malformed");
  EXPECT_EQ(mask("foo_bar,bazQux", true), "foo_bar|baz_qux");
  for (const char* text : {",", "a,", ",a", "a,,b", ".", "a.", ".a", "a..b",
                           "a b", "a, b", "a-b", "é"}) {
    EXPECT_EQ(mask(text, true), "malformed") << text;
  }
}

TEST(ScalarTextTest, Utf8) {
  for (const char* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
        "a\xe2\x82\xac z"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
  }
  for (const char* text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xe2\x82", "\xe2\x82z", "\xe2z\xac",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xf0\x90\x80", "\xff", "ok\xfe"}) {
    EXPECT_FALSE(IsValidUtf8(text)) << text;
  }
}

}  // namespace
}  // namespace sse_bridge
