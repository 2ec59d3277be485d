#include "bridge/feed/composite_cursor.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/base/own_ids.h"
#include "bridge/feed/bundle_cursor.h"
#include "bridge/feed/packed_ids.h"
#include "bridge/transcode/sse_format.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using Texts = std::vector<std::string>;

Texts Keys(size_t count) {
  Texts keys;
  for (size_t i = 0; i < count; ++i) {
    keys.push_back(absl::StrCat("0b5d8a4c-9c1f-4d3e-8b7a-", i));
  }
  return keys;
}

std::string TextOf(const Texts& keys, const Texts& ids) {
  CompositeCursor cursor(keys);
  for (size_t i = 0; i < ids.size(); ++i) cursor.Set(i, ids[i]);
  return cursor.Text();
}

// Checks that the text is one line that fits into a header, and that it reads
// back as the same ids.
void ExpectRoundTrip(const Texts& keys, const Texts& ids) {
  const std::string text = TextOf(keys, ids);
  EXPECT_TRUE(IsOneLine(text));
  EXPECT_LE(text.size(), kMaxIdBytes);
  const auto read = CompositeCursor::Read(text, keys);
  ASSERT_TRUE(read.has_value()) << text;
  EXPECT_EQ(*read, ids);
}

TEST(CompositeCursorTest, FewIdsAreWrittenWithTheirKeys) {
  EXPECT_EQ(TextOf({"a", "b/c"}, {"1", "2&3"}), "a=1&b%2Fc=2%263");
  EXPECT_EQ(TextOf({"a", "b"}, {"", "2"}), "b=2");
  EXPECT_EQ(TextOf({"a", "b"}, {"", ""}), "");
  ExpectRoundTrip({"a", "b", "c"}, {"1", "", "%3"});
}

TEST(CompositeCursorTest, ManyIdsArePacked) {
  std::mt19937_64 random(1);
  // Typical IDs: counters that are close together, times with a sequence
  // number, and the like.
  for (const size_t count : {120u, 1000u}) {
    const Texts keys = Keys(count);
    Texts counters, times, texts, big;
    for (size_t i = 0; i < count; ++i) {
      counters.push_back(absl::StrCat(7 + random() % 2));
      times.push_back(
          absl::StrCat(1764177600000 + random() % 3600000, "-", random() % 4));
      texts.push_back(
          absl::StrCat("topic-", random() % 16, ":000", 1 + random() % 1000));
      big.push_back(absl::StrCat(random()));
    }
    ExpectRoundTrip(keys, counters);
    EXPECT_LT(TextOf(keys, counters).size(), 40 + count / 4);
    ExpectRoundTrip(keys, times);
    EXPECT_LT(TextOf(keys, times).size(), 60 + count * 5);
    ExpectRoundTrip(keys, texts);
    if (count == 120) ExpectRoundTrip(keys, big);
  }
}

TEST(CompositeCursorTest, AllIdsRoundTrip) {
  const Texts keys = Keys(60);
  Texts ids(60);
  const Texts samples = {"",
                         "0",
                         "00",
                         "007",
                         "18446744073709551615",
                         "9999999999999999999",
                         "10000000000000000000",
                         "a1b2c3d4e5f6a7b8c9d0",
                         "\xff\xfe",
                         "=&%",
                         "0b5d8a4c-9c1f-4d3e-8b7a-2f6e1d0c9b8a",
                         "-1",
                         "1.5e9",
                         "sse-bridge:end.0.0123456789abcdef"};
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = samples[i % samples.size()];
  ExpectRoundTrip(keys, ids);
  for (std::string& id : ids) id = "word";
  ExpectRoundTrip(keys, ids);
  for (std::string& id : ids) id = "9999999999999999999";
  ids[3] = "0";
  ExpectRoundTrip(keys, ids);
}

TEST(CompositeCursorTest, KeyOrderAndDuplicatesAreIgnored) {
  Texts keys = Keys(50), ids;
  for (size_t i = 0; i < keys.size(); ++i) ids.push_back(absl::StrCat(100 + i));
  const std::string text = TextOf(keys, ids);
  Texts turned(keys.rbegin(), keys.rend());
  turned.push_back(keys[0]);
  const auto read = CompositeCursor::Read(text, turned);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->front(), "149");
  EXPECT_EQ(read->back(), "100");
}

TEST(CompositeCursorTest, TruncatedForeignAndInvalidIdsAreDetected) {
  const Texts keys = Keys(120);
  Texts ids;
  for (size_t i = 0; i < keys.size(); ++i) ids.push_back(absl::StrCat(i * i));
  const std::string text = TextOf(keys, ids);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(CompositeCursor::Read(text.substr(0, size), keys).has_value());
  }
  std::string other = text;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  EXPECT_FALSE(CompositeCursor::Read(other, keys).has_value());
  EXPECT_FALSE(CompositeCursor::Read(text, Keys(119)).has_value());
  for (const char* wrong :
       {"", "c1.", "c1.AAAAAAAA", "nonsense", "a", "=", "x=1",
        "0b5d8a4c-9c1f-4d3e-8b7a-0=1&0b5d8a4c-9c1f", "sse-bridge:lost"}) {
    EXPECT_FALSE(CompositeCursor::Read(wrong, keys).has_value()) << wrong;
  }
}

TEST(CompositeCursorTest, TooLongIdsBecomeTheLostId) {
  const Texts keys = Keys(1000);
  Texts ids;
  for (size_t i = 0; i < keys.size(); ++i) {
    ids.push_back("opaque-");
    ids.back().push_back(static_cast<char>('a' + i % 26));
    ids.back().push_back(static_cast<char>('a' + i % 25));
  }
  EXPECT_EQ(TextOf(keys, ids), kLostId);
  EXPECT_EQ(TextOf(Keys(kMaxPackedIds + 1), Texts(kMaxPackedIds + 1, "7")),
            kLostId);
  ExpectRoundTrip(Keys(kMaxPackedIds), Texts(kMaxPackedIds, "7"));
}

TEST(PackedIdsTest, UnpackedSizeIsBounded) {
  // A shape that is stored once for all IDs.
  const std::string long_shape(2000, 's');
  std::string bytes = "\x01\xd1\x0f" + long_shape;
  bytes.push_back('\0');
  bytes += std::string("\x00\x00", 2);
  EXPECT_FALSE(UnpackIds(bytes, 4000).has_value());
  EXPECT_FALSE(UnpackIds("", 1).has_value());
  EXPECT_FALSE(UnpackIds(std::string("\x01\x00", 2), 1).has_value());
  EXPECT_FALSE(UnpackIds(std::string(9000, '\0'), kMaxPackedIds + 1));
}

TEST(BundleCursorTest, AMalformedPartInvalidatesTheWholeId) {
  EXPECT_EQ(BundleCursor::Parse("a=1&b=2%26")->at("b"), "2&");
  for (const char* wrong :
       {"", "a", "a=1&", "a=1&b", "a=1&b=", "a=%4", "a=%zz", "a=1&&b=2"}) {
    EXPECT_FALSE(BundleCursor::Parse(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace sse_bridge
