#include "bridge/gzip/gzip_member.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/unit/gzip/inflater.h"

namespace sse_bridge {
namespace {

TEST(GzipMemberTest, StoredBlocksOfAnySize) {
  for (const size_t size : {0, 1, 65534, 65535, 65536, 200000}) {
    const std::string plain(size, 'x');
    std::string wire(kGzipHeader);
    AppendStored(plain, &wire);
    EXPECT_LE(wire.size(), 10 + size + 5 * (size / 65535 + 2));
    GzipSum sum;
    sum.Add(plain);
    AppendGzipEnd(sum, &wire);
    Inflater inflater;
    std::string decoded;
    EXPECT_TRUE(inflater.Add(wire, &decoded));
    EXPECT_TRUE(inflater.ended());
    EXPECT_EQ(decoded, plain);
  }
}

TEST(GzipMemberTest, EverythingButTheEndDecodesBeforeTheEnd) {
  std::string wire(kGzipHeader);
  AppendStored("hello", &wire);
  Inflater inflater;
  std::string decoded;
  EXPECT_TRUE(inflater.Add(wire, &decoded));
  EXPECT_EQ(decoded, "hello");
  EXPECT_FALSE(inflater.ended());
}

// As deflate's Z_SYNC_FLUSH: Go's decoder returns what it has when it comes to
// an empty block, and waits for more before.
TEST(GzipMemberTest, StoredBlocksEndLikeAFlush) {
  for (const size_t size : {1, 65535, 65536}) {
    std::string wire;
    AppendStored(std::string(size, 'x'), &wire);
    EXPECT_EQ(wire.substr(wire.size() - 5), std::string("\0\0\0\xff\xff", 5));
  }
  std::string nothing;
  AppendStored("", &nothing);
  EXPECT_EQ(nothing, "");
}

TEST(GzipMemberTest, PiecesAddUpLikeTheirBytes) {
  const std::string a(1000, 'a'), b = "b", c(70000, 'c');
  GzipSum whole;
  whole.Add(a + b + c);
  GzipSum parts;
  parts.Add(GzipPiece::Of(a));
  parts.Add(GzipPiece::Of(b));
  parts.Add(GzipPiece::Of(c));
  EXPECT_EQ(parts.crc, whole.crc);
  EXPECT_EQ(parts.size, whole.size);
  GzipSum joined;
  joined.Add(GzipPiece()
                 .Then(GzipPiece::Of(a))
                 .Then(GzipPiece::Of(b))
                 .Then(GzipPiece::Of(c)));
  EXPECT_EQ(joined.crc, whole.crc);
  EXPECT_EQ(joined.size, whole.size);
}

TEST(GzipMemberTest, AWrongSumIsNoticed) {
  std::string wire(kGzipHeader);
  AppendStored("hello", &wire);
  GzipSum sum;
  sum.Add("hullo");
  AppendGzipEnd(sum, &wire);
  Inflater inflater;
  std::string decoded;
  EXPECT_FALSE(inflater.Add(wire, &decoded));
  EXPECT_FALSE(inflater.ended());
}

}  // namespace
}  // namespace sse_bridge
