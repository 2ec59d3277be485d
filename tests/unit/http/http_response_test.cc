#include "bridge/http/http_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpResponseTest, HasContentLengthAndConnection) {
  EXPECT_EQ(SerializeResponse({200, {{"A", "b"}, {"Date", "D"}}, "body"}, true,
                              false),
            "HTTP/1.1 200 OK\r\nA: b\r\nDate: D\r\nContent-Length: 4\r\n"
            "Connection: keep-alive\r\n\r\nbody");
  EXPECT_THAT(SerializeResponse({404, {}, ""}, false, false),
              HasSubstr("Content-Length: 0\r\nConnection: close\r\n\r\n"));
}

TEST(HttpResponseTest, ResponseToHeadHasTheLengthButNoBody) {
  const std::string text = SerializeResponse({200, {}, "body"}, true, true);
  EXPECT_THAT(text, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(text, ::testing::EndsWith("\r\n\r\n"));
}

TEST(HttpResponseTest, ResponseToHeadOfAStreamHasNoLength) {
  HttpResponse response;
  response.has_length = false;
  EXPECT_THAT(SerializeResponse(response, true, true),
              Not(HasSubstr("Content-Length")));
}

TEST(HttpResponseTest, HasTheDateOnce) {
  EXPECT_THAT(SerializeResponse({204, {}, ""}, true, false),
              ::testing::ContainsRegex("\r\nDate: [A-Z][a-z]*, .* GMT\r\n"));
  const std::string own =
      SerializeResponse({200, {{"date", "D"}}, ""}, true, false);
  EXPECT_THAT(own, HasSubstr("\r\ndate: D\r\n"));
  EXPECT_THAT(own, Not(HasSubstr("Date: ")));
}

TEST(HttpResponseTest, SomeStatusesHaveNoBodyAtAll) {
  for (int status : {204, 304}) {
    const std::string text =
        SerializeResponse({status, {}, "body"}, true, false);
    EXPECT_THAT(text, Not(HasSubstr("Content-Length")));
    EXPECT_THAT(text, ::testing::EndsWith("\r\n\r\n"));
  }
}

TEST(HttpResponseTest, ValuesCannotStartANewLine) {
  const std::string value("a\r\nSet-Cookie: x\n\r\nb\0c", 22);
  const std::string text = SerializeResponse({200, {{"A", value}}, ""}, 1, 0);
  EXPECT_THAT(text, HasSubstr("A: a  Set-Cookie: x   b c\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nSet-Cookie")));
}

TEST(HttpResponseTest, NamesCannotStartANewLine) {
  const std::string text =
      SerializeResponse({200, {{"A\r\nB: c", "d"}, {"", "e"}}, ""}, 1, 0);
  EXPECT_THAT(text, Not(HasSubstr("B: c")));
  EXPECT_THAT(text, Not(HasSubstr("\n: e")));
}

TEST(HttpResponseTest, BodyWithSpareCapacityIsNotCopied) {
  std::string body;
  body.reserve(10'000);
  body.assign(5'000, 'b');
  const char* const memory = body.data();
  const std::string text =
      SerializeResponse({200, {{"A", "b"}}, std::move(body)}, true, false);
  EXPECT_EQ(static_cast<const void*>(text.data()), memory);
  EXPECT_THAT(text, ::testing::StartsWith("HTTP/1.1 200 OK\r\nA: b\r\n"));
  EXPECT_THAT(text, ::testing::EndsWith("\r\n\r\n" + std::string(5'000, 'b')));
}

}  // namespace
}  // namespace sse_bridge
