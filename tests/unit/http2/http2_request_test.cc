#include "bridge/http2/http2_request.h"

#include <gtest/gtest.h>

#include <string>

namespace sse_bridge {
namespace {

void AddHead(Http2Request* request, const std::string& verb = "GET",
             const std::string& path = "/") {
  request->AddField(":method", verb);
  request->AddField(":scheme", "https");
  request->AddField(":authority", "example.com");
  request->AddField(":path", path);
}

TEST(Http2Request, IsARequestOfHttp11) {
  const FramingLimits limits;
  Http2Request request(&limits);
  AddHead(&request, "POST", "/x?y=z");
  request.AddField("accept", "a");
  request.AddField("accept", "b");
  request.EndHead();
  request.AddBody("one ");
  request.AddBody("two");
  EXPECT_EQ(request.refused(), 0);
  const ParsedRequest parsed = request.Take();
  EXPECT_EQ(parsed.verb, "POST");
  EXPECT_EQ(parsed.target, "/x?y=z");
  EXPECT_EQ(parsed.minor_version, 1);
  EXPECT_EQ(parsed.body, "one two");
  const HttpHeaders headers = {
      {"accept", "a"}, {"accept", "b"}, {"host", "example.com"}};
  EXPECT_EQ(parsed.headers, headers);
}

TEST(Http2Request, RefusesAsHttp11Does) {
  const FramingLimits limits;
  const auto refused = [&limits](const std::string& name,
                                 const std::string& value) {
    Http2Request request(&limits);
    AddHead(&request);
    request.AddField(name, value);
    request.EndHead();
    return request.refused();
  };
  EXPECT_EQ(refused("expect", "100-continue"), 0);
  EXPECT_EQ(refused("expect", "200-ok"), 417);
  EXPECT_EQ(refused("content-encoding", "gzip"), 415);
  EXPECT_EQ(refused("content-encoding", "identity"), 0);
  EXPECT_EQ(refused("host", "example.com"), 0);
  EXPECT_EQ(refused("host", "evil.example"), 400);
  EXPECT_EQ(refused("content-length", "1048576"), 0);
  EXPECT_EQ(refused("content-length", "1048577"), 413);
}

TEST(Http2Request, RefusesTargets) {
  const FramingLimits limits;
  const auto refused = [&limits](const std::string& verb,
                                 const std::string& path) {
    Http2Request request(&limits);
    AddHead(&request, verb, path);
    request.EndHead();
    return request.refused();
  };
  EXPECT_EQ(refused("GET", "/"), 0);
  EXPECT_EQ(refused("OPTIONS", "*"), 0);
  EXPECT_EQ(refused("GET", "*"), 400);
  EXPECT_EQ(refused("GET", "x"), 400);
  EXPECT_EQ(refused("GET", "/a b"), 400);
  EXPECT_EQ(refused("GET", "/a#b"), 400);
  EXPECT_EQ(refused("CONNECT", "/"), 501);
  EXPECT_EQ(refused("GET", "/" + std::string(8192, 'x')), 414);
  EXPECT_EQ(refused(std::string(17, 'M'), "/"), 400);
}

// The answer to a refused request must reach its page.
TEST(Http2Request, KeepsTheOriginOfALargeHead) {
  const FramingLimits limits;
  Http2Request request(&limits);
  AddHead(&request);
  EXPECT_TRUE(request.AddField("x", std::string(20'000, 'x')));
  EXPECT_TRUE(request.AddField("origin", "https://page.example"));
  request.EndHead();
  EXPECT_EQ(request.refused(), 431);
  const HttpHeaders headers = {{"origin", "https://page.example"}};
  EXPECT_EQ(request.headers(), headers);
}

TEST(Http2Request, AHeadFarBeyondItsLimitEndsTheConnection) {
  FramingLimits limits;
  limits.max_event_id_line_bytes = 0;
  Http2Request request(&limits);
  AddHead(&request);
  int fields = 0;
  while (fields < 1000 && request.AddField("x", std::string(995, 'x'))) {
    ++fields;
  }
  EXPECT_EQ(fields, 65);
  EXPECT_LT(request.held_bytes(), 70'000u);
}

}  // namespace
}  // namespace sse_bridge
