#include "bridge/gateway/stream_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sse_bridge {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(StreamHeadTest, ChunkedOpeningIsTheFirstChunk) {
  std::string head = StreamHead("text/event-stream", true, "retry: 2000\n\n");
  const size_t date = head.find("Date: ");
  ASSERT_NE(date, std::string::npos);
  EXPECT_EQ(head.substr(head.find("\r\n", date) - 4, 4), " GMT");
  head.erase(date, head.find("\r\n", date) + 2 - date);
  EXPECT_EQ(head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Cache-Control: no-store, no-transform\r\n"
            "X-Accel-Buffering: no\r\nIncremental: ?1\r\n"
            "Connection: close\r\n"
            "Transfer-Encoding: chunked\r\n\r\nd\r\nretry: 2000\n\n\r\n");
}

TEST(StreamHeadTest, EmptyOpeningDoesNotEndTheStream) {
  EXPECT_THAT(StreamHead("a/b", true, ""), EndsWith("chunked\r\n\r\n"));
}

TEST(StreamHeadTest, Http10EndsWithTheConnection) {
  const std::string head = StreamHead("a/b", false, "x");
  EXPECT_THAT(head, EndsWith("Connection: close\r\n\r\nx"));
  EXPECT_THAT(head, Not(HasSubstr("Transfer-Encoding")));
}

TEST(StreamHeadTest, ExtraHeadersCannotSplitTheResponse) {
  const std::string head =
      StreamHead("a/b\r\nX: y", true, "", {{"Vary", "Origin\r\n\r\nbody"}});
  EXPECT_THAT(head, HasSubstr("Content-Type: a/b  X: y\r\n"));
  EXPECT_THAT(head, HasSubstr("Vary: Origin    body\r\n"));
}

}  // namespace
}  // namespace sse_bridge
