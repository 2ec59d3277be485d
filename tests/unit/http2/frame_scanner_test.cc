#include "bridge/http2/frame_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sse_bridge {
namespace {

std::string FrameBytes(uint8_t type, uint8_t flags, uint32_t stream,
                       const std::string& payload) {
  std::string bytes;
  for (int shift : {16, 8, 0}) {
    bytes.push_back(static_cast<char>(payload.size() >> shift));
  }
  bytes.push_back(static_cast<char>(type));
  bytes.push_back(static_cast<char>(flags));
  for (int shift : {24, 16, 8, 0}) {
    bytes.push_back(static_cast<char>(stream >> shift));
  }
  return bytes + payload;
}

std::vector<Http2FrameHead> ScanInPieces(const std::string& bytes,
                                         size_t piece) {
  Http2FrameScanner scanner;
  std::vector<Http2FrameHead> heads;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    absl::string_view input = absl::string_view(bytes).substr(at, piece);
    Http2FrameHead head;
    while (scanner.Next(&input, &head)) heads.push_back(head);
    EXPECT_TRUE(input.empty());
  }
  return heads;
}

TEST(FrameScanner, FindsTheSameFramesHoweverTheyArrive) {
  const std::string bytes =
      std::string(kHttp2Preface) +
      FrameBytes(Http2FrameHead::kSettings, 0, 0, "") +
      FrameBytes(Http2FrameHead::kHeaders, 5, 0x80000001, "abc") +
      FrameBytes(Http2FrameHead::kData, 1, 3, std::string(70000, 'x')) +
      FrameBytes(Http2FrameHead::kPing, 0, 0, "12345678");
  for (size_t piece : {size_t{1}, size_t{7}, size_t{9}, bytes.size()}) {
    const std::vector<Http2FrameHead> heads = ScanInPieces(bytes, piece);
    ASSERT_EQ(heads.size(), 4u) << piece;
    EXPECT_EQ(heads[0].type, Http2FrameHead::kSettings);
    EXPECT_EQ(heads[1].type, Http2FrameHead::kHeaders);
    EXPECT_EQ(heads[1].flags, 5);
    EXPECT_EQ(heads[1].stream, 1u) << "the reserved bit is ignored";
    EXPECT_EQ(heads[2].length, 70000u);
    EXPECT_EQ(heads[3].type, Http2FrameHead::kPing);
  }
}

TEST(FrameScanner, WaitsForTheRestOfAHeader) {
  Http2FrameScanner scanner;
  Http2FrameHead head;
  const std::string bytes =
      std::string(kHttp2Preface) + FrameBytes(Http2FrameHead::kPing, 0, 0, "");
  absl::string_view most = absl::string_view(bytes).substr(0, bytes.size() - 1);
  EXPECT_FALSE(scanner.Next(&most, &head));
  absl::string_view last = absl::string_view(bytes).substr(bytes.size() - 1);
  EXPECT_TRUE(scanner.Next(&last, &head));
}

}  // namespace
}  // namespace sse_bridge
