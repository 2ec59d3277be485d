#include "bridge/http/request_origin.h"

#include <gtest/gtest.h>

#include <string>

namespace sse_bridge {
namespace {

TEST(RequestOriginTest, MustOccurExactlyOnce) {
  EXPECT_EQ(OriginOf({{"Host", "h"}, {"origin", "https://a"}}), "https://a");
  EXPECT_EQ(OriginOf({{"Host", "h"}}), "");
  EXPECT_EQ(OriginOf({{"Origin", "https://a"}, {"Origin", "https://b"}}), "");
}

TEST(RequestOriginTest, IsFoundInMalformedRequests) {
  const std::string origin = "Origin:  https://a \r\n";
  for (const std::string& bytes :
       {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n" + origin,
        "\r\nnonsense\n" + origin, "GET / HTTP/3.0\r\nX\r\n" + origin + "\r\nb",
        std::string("GET / HTTP/1.1\r\nORIGIN:https://a\r\n\r\n")}) {
    EXPECT_EQ(OriginIn(bytes), "https://a") << bytes.substr(0, 100);
  }
  EXPECT_EQ(OriginIn("GET / HTTP/1.1\r\nX-Origin: https://a\r\n\r\n"), "");
  EXPECT_EQ(OriginIn("GET / HTTP/1.1\r\nOrigin: https://a"), "") << "cut";
  EXPECT_EQ(OriginIn("GET / HTTP/1.1\r\n" + origin + origin), "") << "twice";
  EXPECT_EQ(OriginIn("GET / HTTP/1.1\r\n\r\n" + origin), "") << "in the body";
  EXPECT_EQ(OriginIn(""), "");
}

TEST(RequestOriginTest, HeadEndsWithAnEmptyLine) {
  EXPECT_TRUE(HasWholeHead("\r\nGET\r\nA: b\r\n\r\n"));
  EXPECT_TRUE(HasWholeHead("GET\n\n"));
  EXPECT_FALSE(HasWholeHead("\r\n\r\nGET\r\nA: b\r\n"));
  EXPECT_FALSE(HasWholeHead("GET\r\n\r"));
  EXPECT_FALSE(HasWholeHead(""));
}

}  // namespace
}  // namespace sse_bridge
