#include "bridge/transcode/sse_format.h"

#include <gtest/gtest.h>

namespace sse_bridge {
namespace {

TEST(SseFormatTest, Comments) {
  EXPECT_EQ(CommentFrame("ping"), ": ping\n\n");
  EXPECT_EQ(CommentFrame("a\ndata: b\r"), ": a data: b \n\n");
}

TEST(SseFormatTest, Retry) {
  EXPECT_EQ(RetryLine(3000), "retry: 3000\n");
  EXPECT_EQ(RetryLine(-1), "retry: 0\n");
}

TEST(SseFormatTest, DataOfSeveralLines) {
  EXPECT_EQ(EventFrame("e\nx", "a\nb\r\nc\rd"),
            "event: ex\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(EventFrame("", ""), "data: \n\n");
}

TEST(SseFormatTest, StatusEvent) {
  EXPECT_EQ(StatusEvent("{\"code\":5}"),
            "event: grpc-status\ndata: {\"code\":5}\n\n");
}

TEST(SseFormatTest, OneLine) {
  EXPECT_TRUE(IsOneLine(""));
  EXPECT_TRUE(IsOneLine("a b"));
  EXPECT_FALSE(IsOneLine("a\n"));
  EXPECT_FALSE(IsOneLine("\r"));
  EXPECT_FALSE(IsOneLine(absl::string_view("\0", 1)));
}

}  // namespace
}  // namespace sse_bridge
