#include "bridge/http/httplib_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/framing/request_framing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class ParseHeadTest : public ::testing::Test {
 protected:
  // Parses a head, which the framing must accept.
  int Status(const std::string& head, ParsedRequest* request) {
    FramingLimits limits;
    limits.max_request_line_bytes = limits.max_head_bytes = size_t{64} << 10;
    RequestFraming framing(&limits);
    EXPECT_EQ(framing.Advance(head), RequestFraming::State::kComplete) << head;
    return httplib_.ParseHead(framing.head(head), request);
  }

  ParsedRequest Parse(const std::string& head) {
    ParsedRequest request;
    EXPECT_EQ(Status(head, &request), 0) << head;
    return request;
  }

  ParsedRequest ParseHeaders(const std::string& lines) {
    return Parse(absl::StrCat("GET / HTTP/1.1\r\nHost: h\r\n", lines, "\r\n"));
  }

  // Returns the values of the headers with this name, ignoring case.
  std::vector<std::string> Values(const ParsedRequest& request,
                                  const std::string& wanted) {
    std::vector<std::string> values;
    for (const auto& [name, value] : request.headers) {
      if (absl::EqualsIgnoreCase(name, wanted)) values.push_back(value);
    }
    return values;
  }

  using Header = std::pair<std::string, std::string>;
  HttplibServer httplib_{/*reuse_port=*/false};
};

TEST_F(ParseHeadTest, RequestHasTheContentsOfTheHead) {
  const ParsedRequest request = Parse(
      "POST /a%2Fb?c=%20d&c=%20d HTTP/1.1\r\nhOST: h:1\r\nX:\t y z \t\r\n"
      "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(request.verb, "POST");
  EXPECT_EQ(request.target, "/a%2Fb?c=%20d&c=%20d");
  EXPECT_EQ(request.minor_version, 1);
  EXPECT_THAT(request.headers,
              UnorderedElementsAre(Header("hOST", "h:1"), Header("X", "y z"),
                                   Header("Content-Length", "0")));
  EXPECT_EQ(Parse("GET / HTTP/1.0\r\n\r\n").minor_version, 0);
  EXPECT_THAT(Parse("GET / HTTP/1.0\r\n\r\n").headers, ElementsAre());
}

TEST_F(ParseHeadTest, TargetsAreUnchanged) {
  for (const std::string target :
       {"/", "/?", "/a?b?c", "/a?b=c?d&e=?", "/%zz%?%zz", "/a?b=c=d&b=c=d&&",
        "http://h/a?b", "http://h?a", "http://h"}) {
    EXPECT_EQ(
        Parse(absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: h\r\n\r\n"))
            .target,
        target);
  }
  EXPECT_EQ(Parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").target, "*");
}

TEST_F(ParseHeadTest, HeadersOfOneNameKeepTheirOrder) {
  const ParsedRequest request =
      ParseHeaders("A: 1\r\nB: x\r\na: %32\r\nA: 3\r\nB: y\r\nA:\r\nA: 5\r\n");
  EXPECT_THAT(Values(request, "A"), ElementsAre("1", "%32", "3", "", "5"));
  EXPECT_THAT(Values(request, "B"), ElementsAre("x", "y"));
}

// cpp-httplib alone would decode, drop or refuse these.
TEST_F(ParseHeadTest, ValuesAreUnchanged) {
  const std::string values[] = {
      "%41",
      "%0d%0aSet-Cookie: a=b",
      "%u0041",
      "100%",
      "",
      "a",
      "\xe9\x80",
      "a\tb",
      "a:b",
      std::string(8192 - 2 - 3, 'v'),
      std::string(8192 - 2 - 2, 'v'),
      std::string(12'000, 'v'),
      "bytes=" + std::string(12'000, '1'),
  };
  for (const std::string& value : values) {
    for (const std::string name :
         {"X", "Range", "Location", "Referer", "Cookie", "REMOTE_ADDR",
          "remote_port", "Local_Addr", "LOCAL_PORT"}) {
      const ParsedRequest request =
          ParseHeaders(absl::StrCat(name, ":", value, "\r\n"));
      EXPECT_THAT(request.headers, UnorderedElementsAre(Header("Host", "h"),
                                                        Header(name, value)));
    }
  }
}

TEST_F(ParseHeadTest, AllMethodsAreAccepted) {
  for (const std::string method :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE",
        "QUERY", "BREW", "get"}) {
    EXPECT_EQ(Parse(method + " / HTTP/1.1\r\nHost: h\r\n\r\n").verb, method);
  }
}

TEST_F(ParseHeadTest, MethodThatHttplibDoesNotKnowKeepsTheRest) {
  const ParsedRequest request =
      Parse("BREW /a/b?c=d HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n");
  EXPECT_EQ(request.verb, "BREW");
  EXPECT_EQ(request.target, "/a/b?c=d");
  EXPECT_EQ(request.minor_version, 1);
  EXPECT_THAT(request.headers,
              UnorderedElementsAre(Header("Host", "h"), Header("A", "b")));
}

TEST_F(ParseHeadTest, PathsAreLimitedAndQueriesAreNot) {
  const std::string line_end = " HTTP/1.1\r\n";
  std::string path = "/";
  path.append(8192 - 4 - path.size() - line_end.size(), 'p');
  const auto status = [&](const std::string& target) {
    ParsedRequest request;
    const int status =
        Status("GET " + target + line_end + "Host: h\r\n\r\n", &request);
    if (status == 0) {
      EXPECT_EQ(request.target, target);
    }
    return status;
  };
  EXPECT_EQ(status(path), 0);
  EXPECT_EQ(status(path + "?" + std::string(8000, 'q')), 0);
  EXPECT_EQ(status(path + "p"), 414);
}

// As many headers as the framing allows, all of them hidden from cpp-httplib.
TEST_F(ParseHeadTest, ManyHeadersThatHttplibWouldDecode) {
  std::string lines;
  std::vector<std::string> values;
  for (int i = 0; i < 99; ++i) {
    values.push_back(absl::StrCat("%", i));
    absl::StrAppend(&lines, "X-A: ", values.back(), "\r\n");
  }
  EXPECT_EQ(Values(ParseHeaders(lines), "x-a"), values);
}

TEST_F(ParseHeadTest, RequestsAreParsedIndependently) {
  Parse("POST /a?b HTTP/1.0\r\nA: 1\r\nB: %2\r\n\r\n");
  const ParsedRequest request =
      Parse("GET /c HTTP/1.1\r\nHost: h\r\nB: 3\r\n\r\n");
  EXPECT_EQ(request.target, "/c");
  EXPECT_THAT(request.headers,
              UnorderedElementsAre(Header("Host", "h"), Header("B", "3")));
}

}  // namespace
}  // namespace sse_bridge
