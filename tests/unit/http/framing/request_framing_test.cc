#include "bridge/http/framing/request_framing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace sse_bridge {
namespace {

using State = RequestFraming::State;

struct Outcome {
  State state;
  int status;
  size_t end;
  std::string body;
  bool keep_alive;
  std::string reason;
};

Outcome Frame(const std::string& bytes, const FramingLimits& limits = {},
              size_t step = 0) {
  RequestFraming framing(&limits);
  State state = State::kHead;
  if (step == 0) {
    state = framing.Advance(bytes);
  } else {
    for (size_t n = step; n < bytes.size() + step; n += step) {
      state = framing.Advance(absl::string_view(bytes.data(), bytes.size())
                                  .substr(0, std::min(n, bytes.size())));
      if (state == State::kComplete || state == State::kRefused) break;
    }
  }
  return {state,
          framing.status(),
          framing.end(),
          framing.TakeBody(),
          framing.keep_alive(),
          framing.reason()};
}

// Parses the bytes at once and one by one. The results must be equal.
Outcome FrameBothWays(const std::string& bytes,
                      const FramingLimits& limits = {}) {
  Outcome whole = Frame(bytes, limits);
  const Outcome bytewise = Frame(bytes, limits, 1);
  EXPECT_EQ(whole.state, bytewise.state) << bytes.substr(0, 300);
  EXPECT_EQ(whole.status, bytewise.status) << bytes;
  EXPECT_EQ(whole.end, bytewise.end) << bytes;
  EXPECT_EQ(whole.body, bytewise.body) << bytes;
  return whole;
}

std::string Get(const std::string& headers) {
  return absl::StrCat("GET /a HTTP/1.1\r\nHost: h\r\n", headers, "\r\n");
}

std::string Post(const std::string& headers, const std::string& body) {
  return absl::StrCat("POST /a HTTP/1.1\r\nHost: h\r\n", headers, "\r\n", body);
}

std::string Chunked(const std::string& body) {
  return Post("Transfer-Encoding: chunked\r\n", body);
}

struct Refused {
  std::string bytes;
  int status;
};

// Servers that route by Host and those that route by the target must see the
// same host.
TEST(RequestFramingTest, TargetAndHostMustAgree) {
  const auto status = [](const std::string& target, const std::string& host,
                         const std::string& version = "1.1") {
    return FrameBothWays(absl::StrCat("GET ", target, " HTTP/", version, "\r\n",
                                      host.empty() ? "" : "Host: ", host,
                                      host.empty() ? "" : "\r\n", "\r\n"))
        .status;
  };
  for (const auto& [target, host] :
       std::vector<std::pair<std::string, std::string>>{
           {"http://h/a", "h"},
           {"http://h", "h"},
           {"http://h?q=http://x/", "h"},
           {"HTTP://H:80/a", "h"},
           {"http://h/a", "H:80"},
           {"https://h:443/a", "h"},
           {"http://[::1]:8080/", "[::1]:8080"},
           {"/http://x/", "h"}}) {
    EXPECT_EQ(status(target, host), 0) << target << " " << host;
  }
  EXPECT_EQ(status("http://h/a", "", "1.0"), 0);
  for (const auto& [target, host] :
       std::vector<std::pair<std::string, std::string>>{
           {"http://evil/a", "h"},
           {"http://h:81/a", "h"},
           {"http://h:443/a", "h"},
           {"https://h:80/a", "h"},
           {"http://user@h/a", "h"},
           {"http://h@evil/a", "h"},
           {"http:///a", "h"},
           {"http://", "h"},
           {"http://h\\/a", "h"},
           {"http://h.evil/a", "h"}}) {
    EXPECT_EQ(status(target, host), 400) << target << " " << host;
  }
}

TEST(RequestFramingTest, RefusesAmbiguousRequests) {
  const std::string nul(1, '\0');
  const Refused cases[] = {
      // Request lines.
      {"GET\r\n", 400},
      {"GET /\r\n", 400},
      {"GET  / HTTP/1.1\r\n", 400},
      {"GET / HTTP/1.1 \r\n", 400},
      {" GET / HTTP/1.1\r\n", 400},
      {"GET\t/ HTTP/1.1\r\n", 400},
      {"GET / a HTTP/1.1\r\n", 400},
      {"G(T / HTTP/1.1\r\n", 400},
      {"ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n", 400},
      {"GET / http/1.1\r\n", 400},
      {"GET / HTTP/1.10\r\n", 400},
      {"GET / HTTP/11\r\n", 400},
      {"GET / HTTP/0.9\r\n", 505},
      {"GET / HTTP/1.2\r\n", 505},
      {"PRI * HTTP/2.0\r\n", 505},
      {"\r\n\r\nGET / HTTP/1.1\r\n", 400},
      // Targets.
      {"GET a HTTP/1.1\r\n", 400},
      {"GET * HTTP/1.1\r\n", 400},
      {"GET ftp://h/ HTTP/1.1\r\n", 400},
      {"GET /a#b HTTP/1.1\r\n", 400},
      {"GET /\x80 HTTP/1.1\r\n", 400},
      {"GET /\x7f HTTP/1.1\r\n", 400},
      {"CONNECT h:443 HTTP/1.1\r\n", 400},
      // Line ends, and bytes that are not allowed in a head.
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"GET / HTTP/1.1\rHost: h\r\n", 400},
      {"GET / HTTP/1.1\r\r\n", 400},
      {"\n", 400},
      {"\rG", 400},
      {"\x16\x03\x01", 400},
      {absl::StrCat("GET /", nul), 400},
      {absl::StrCat("GET / HTTP/1.1\r\nA: b", nul, "\r\n"), 400},
      {"GET / HTTP/1.1\r\nA: \x01\r\n", 400},
      {"GET / HTTP/1.1\r\nA: \x7f\r\n", 400},
      // Header lines.
      {"GET / HTTP/1.1\r\n Host: h\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n folded\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n\tfolded\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : h\r\n", 400},
      {"GET / HTTP/1.1\r\n: h\r\n", 400},
      {"GET / HTTP/1.1\r\nHost\r\n", 400},
      {"GET / HTTP/1.1\r\nH\xc3\xb6st: h\r\n", 400},
      {"GET / HTTP/1.1\r\nA(b): h\r\n", 400},
      // Hosts.
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {Get("Host: h\r\n"), 400},
      {Get("hOST: other\r\n"), 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      // Lengths.
      {Post("Content-Length: \r\n", ""), 400},
      {Post("Content-Length: +1\r\n", "a"), 400},
      {Post("Content-Length: -1\r\n", "a"), 400},
      {Post("Content-Length: 0x1\r\n", "a"), 400},
      {Post("Content-Length: 1,1\r\n", "a"), 400},
      {Post("Content-Length: 1 1\r\n", "a"), 400},
      {Post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), 400},
      {Post("Content-Length: 1\r\ncontent-length: 1\r\n", "a"), 400},
      {Post("Content-Length: 0\r\nContent-Length: 1\r\n", "a"), 400},
      {Post("Content-Length: 18446744073709551617\r\n", "a"), 413},
      // Encodings.
      {Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       400},
      {Post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n"),
       400},
      {Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""),
       400},
      {Post("Transfer-Encoding: chunked, chunked\r\n", ""), 501},
      {Post("Transfer-Encoding: gzip, chunked\r\n", ""), 501},
      {Post("Transfer-Encoding: identity\r\n", ""), 501},
      {Post("Transfer-Encoding: xchunked\r\n", ""), 501},
      {Post("Transfer-Encoding: \x0b"
            "chunked\r\n",
            ""),
       400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {Post("Content-Encoding: gzip\r\nContent-Length: 1\r\n", "a"), 415},
      {Post("Expect: wonders\r\n", ""), 417},
      // Chunks.
      {Chunked("x\r\n"), 400},
      {Chunked("\r\n"), 400},
      {Chunked(" 1\r\na\r\n"), 400},
      {Chunked("1 \r\na\r\n"), 400},
      {Chunked("+1\r\na\r\n"), 400},
      {Chunked("0x1\r\na\r\n"), 400},
      {Chunked("-1\r\n"), 400},
      {Chunked("1\na\r\n0\r\n\r\n"), 400},
      {Chunked("1;a\nb\r\na\r\n"), 400},
      {Chunked("1\r\nab\r\n"), 400},
      {Chunked("1\r\na\n0\r\n\r\n"), 400},
      {Chunked("fffffffffffff\r\n"), 400},
      {Chunked("ffffffffffff\r\n"), 413},
      {Chunked("0\r\nno trailer\r\n\r\n"), 400},
      {Chunked("0\r\nA: b\nC: d\r\n\r\n"), 400},
      {Chunked("0\r\n folded: b\r\n\r\n"), 400},
  };
  for (const Refused& each : cases) {
    const Outcome outcome = FrameBothWays(each.bytes);
    EXPECT_EQ(outcome.state, State::kRefused) << each.bytes;
    EXPECT_EQ(outcome.status, each.status) << each.bytes;
    EXPECT_NE(outcome.reason, "") << each.bytes;
  }
}

TEST(RequestFramingTest, AcceptsValidRequests) {
  const std::string cases[] = {
      Get(""),
      Get("A:b\r\nC:\r\nD: \t x y \t\r\n"),
      Get("X-Latin: \xe9\r\n"),
      "GET /a?b=c?d|\"<> HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
      "GET / HTTP/1.0\r\n\r\n",
      "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "ABCDEFGHIJKLMNOP / HTTP/1.1\r\nHost: h\r\n\r\n",
      Post("Content-Length: 3\r\n", "abc"),
      Post("Content-Length: 003\r\n", "abc"),
      Post("Content-Encoding: identity\r\nContent-Length: 0\r\n", ""),
      Chunked("0\r\n\r\n"),
      Chunked("3\r\nabc\r\n0\r\n\r\n"),
      Chunked("3;a=b\r\nabc\r\n00\r\nA: b\r\nC: d\r\n\r\n"),
      Chunked("3 ;a=\"b\"\r\nabc\r\n0\r\n\r\n"),
  };
  for (const std::string& bytes : cases) {
    const Outcome outcome = FrameBothWays(bytes);
    EXPECT_EQ(outcome.state, State::kComplete) << bytes << outcome.reason;
    EXPECT_EQ(outcome.end, bytes.size()) << bytes;
  }
}

TEST(RequestFramingTest, EndsWhereTheNextRequestBegins) {
  const std::string next = "GET /next HTTP/1.1\r\n";
  for (const std::string& bytes :
       {Get(""), Post("Content-Length: 3\r\n", "abc"),
        Chunked("3\r\nabc\r\n0\r\nA: b\r\n\r\n")}) {
    const Outcome outcome = FrameBothWays(bytes + next);
    EXPECT_EQ(outcome.state, State::kComplete);
    EXPECT_EQ(outcome.end, bytes.size());
  }
}

TEST(RequestFramingTest, BodiesArriveWithoutChunkFraming) {
  EXPECT_EQ(
      FrameBothWays(
          Chunked("3\r\nabc\r\nA\r\n0123456789\r\n2\r\n\r\n\r\n0\r\n\r\n"))
          .body,
      "abc0123456789\r\n");
  EXPECT_EQ(FrameBothWays(Post("Content-Length: 4\r\n", "\r\n\r\n")).body,
            "\r\n\r\n");
}

TEST(RequestFramingTest, HeadIsFromTheRequestLineToTheEmptyLine) {
  const FramingLimits limits;
  const std::string head = Post("Content-Length: 3\r\n", "");
  for (const std::string before : {"", "\r\n"}) {
    const std::string bytes = before + head + "abcGET";
    RequestFraming framing(&limits);
    ASSERT_EQ(framing.Advance(bytes), State::kComplete);
    EXPECT_EQ(framing.head(bytes), head);
  }
}

// What a header asks for is judged once the head is whole: a malformed line
// after it counts first.
TEST(RequestFramingTest, MalformedLinesTakePrecedenceOverOtherRefusals) {
  const std::string asks[] = {"Expect: wonders\r\n",
                              "Transfer-Encoding: gzip\r\n",
                              "Content-Length: x\r\n"};
  const int statuses[] = {417, 501, 400};
  for (int i = 0; i < 3; ++i) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n" + asks[i];
    EXPECT_EQ(Frame(head).state, State::kHead);
    EXPECT_EQ(FrameBothWays(head + "\r\n").status, statuses[i]);
    EXPECT_EQ(FrameBothWays(head + "no header\r\n").reason, "malformed header");
    // The first counts.
    EXPECT_EQ(FrameBothWays(head + "Content-Encoding: br\r\n\r\n").status,
              statuses[i]);
  }
}

TEST(RequestFramingTest, KeepAliveIsTheDefaultOfHttp11AndCloseWins) {
  const std::pair<std::string, bool> cases[] = {
      {Get(""), true},
      {Get("Connection: close\r\n"), false},
      {Get("Connection: keep-alive\r\n"), true},
      {Get("Connection: x, CLOSE\r\n"), false},
      {Get("Connection: close\r\nConnection: keep-alive\r\n"), false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
  };
  for (const auto& [bytes, keep_alive] : cases) {
    EXPECT_EQ(FrameBothWays(bytes).keep_alive, keep_alive) << bytes;
  }
}

TEST(RequestFramingTest, ExpectIsForHttp11Only) {
  const FramingLimits limits;
  RequestFraming framing(&limits);
  EXPECT_EQ(framing.Advance(
                Post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "")),
            State::kBody);
  EXPECT_TRUE(framing.expects_continue());

  RequestFraming old(&limits);
  EXPECT_EQ(old.Advance("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
                        "Content-Length: 1\r\n\r\n"),
            State::kBody);
  EXPECT_FALSE(old.expects_continue());
}

// Returns a request with a head of exactly `size` bytes.
std::string HeadOf(size_t size) {
  std::string head = "GET /a HTTP/1.1\r\nHost: h\r\nA: ";
  head.append(size - head.size() - 4, 'x');
  return head + "\r\n\r\n";
}

TEST(RequestFramingTest, HeadIsBounded) {
  constexpr size_t kLimit = 16384;
  EXPECT_EQ(FrameBothWays(HeadOf(kLimit)).state, State::kComplete);
  EXPECT_EQ(FrameBothWays("\r\n" + HeadOf(kLimit)).state, State::kComplete);
  EXPECT_EQ(FrameBothWays(HeadOf(kLimit + 1)).status, 431);
  // Even if the head does not end.
  const std::string endless = HeadOf(2 * kLimit).substr(0, kLimit);
  EXPECT_EQ(Frame(endless).state, State::kHead);
  EXPECT_EQ(Frame(endless + "x").status, 431);
}

TEST(RequestFramingTest, LastEventIdHasALimitOfItsOwn) {
  constexpr size_t kLimit = 16384;
  const std::string id = "last-event-id: " + std::string(8000, 'i') + "\r\n";
  std::string head = HeadOf(kLimit);
  // As the last header, and as the first.
  head.insert(head.size() - 2, id);
  EXPECT_EQ(FrameBothWays(head).state, State::kComplete);
  head = HeadOf(kLimit);
  head.insert(head.find("Host:"), id);
  EXPECT_EQ(FrameBothWays(head).state, State::kComplete);
  head.insert(head.size() - 2, "B: c\r\n");
  EXPECT_EQ(FrameBothWays(head).status, 431);
  // Only one, and no longer than the longest id that the bridge sends.
  head = HeadOf(kLimit);
  head.insert(head.size() - 2, id + id);
  EXPECT_EQ(FrameBothWays(head).status, 431);
  head = HeadOf(kLimit);
  head.insert(head.size() - 2,
              "Last-Event-ID: " + std::string(9000, 'i') + "\r\n");
  EXPECT_EQ(FrameBothWays(head).status, 431);
  head = HeadOf(kLimit);
  head.insert(head.size() - 2, "Last-Event-IX: 7\r\n");
  EXPECT_EQ(FrameBothWays(head).status, 431);
}

TEST(RequestFramingTest, HeadersAreCounted) {
  std::string headers;
  for (int i = 0; i < 99; ++i) absl::StrAppend(&headers, "A: b\r\n");
  EXPECT_EQ(FrameBothWays(Get(headers)).state, State::kComplete);
  EXPECT_EQ(FrameBothWays(Get(headers + "A: b\r\n")).status, 431);
}

TEST(RequestFramingTest, RequestLineIsBounded) {
  constexpr size_t kLimit = 8192;
  const std::string rest = " HTTP/1.1\r\n";
  std::string line = "GET /";
  line.append(kLimit - line.size() - rest.size(), 'a');
  EXPECT_EQ(FrameBothWays(line + rest + "Host: h\r\n\r\n").state,
            State::kComplete);
  EXPECT_EQ(FrameBothWays(line + "a" + rest + "Host: h\r\n\r\n").status, 414);
  EXPECT_EQ(Frame(line + std::string(20, 'a')).status, 414);
}

TEST(RequestFramingTest, BodyIsBounded) {
  FramingLimits limits;
  limits.max_body_bytes = 10;
  EXPECT_EQ(
      FrameBothWays(Post("Content-Length: 10\r\n", "0123456789"), limits).state,
      State::kComplete);
  // Refused before any of the body arrives.
  EXPECT_EQ(FrameBothWays(Post("Content-Length: 11\r\n", ""), limits).status,
            413);
  EXPECT_EQ(
      FrameBothWays(Chunked("6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n"), limits)
          .body,
      "0123456789");
  EXPECT_EQ(FrameBothWays(Chunked("6\r\n012345\r\n5\r\n"), limits).status, 413);
}

TEST(RequestFramingTest, ChunksCannotBeMostlyFraming) {
  std::string small, padded;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&small, "1\r\na\r\n");
  EXPECT_EQ(Frame(Chunked(small + "0\r\n\r\n")).body, std::string(1000, 'a'));
  const std::string extension(200, 'x');
  for (int i = 0; i < 1000; ++i) {
    absl::StrAppend(&padded, "1;", extension, "\r\na\r\n");
  }
  EXPECT_EQ(Frame(Chunked(padded)).status, 400);
}

TEST(RequestFramingTest, ChunkLinesAreBounded) {
  const std::string line = "1;" + std::string(254, 'x');
  EXPECT_EQ(FrameBothWays(Chunked(line + "\r\na\r\n0\r\n\r\n")).body, "a");
  EXPECT_EQ(FrameBothWays(Chunked(line + "x\r\na\r\n")).status, 400);
  EXPECT_EQ(FrameBothWays(Chunked(line + "xx")).status, 400);
}

TEST(RequestFramingTest, TrailersAreBoundedTogether) {
  const std::string trailer = "A: " + std::string(123, 'x') + "\r\n";  // 128
  std::string trailers;
  for (int i = 0; i < 32; ++i) trailers += trailer;
  EXPECT_EQ(FrameBothWays(Chunked("0\r\n" + trailers + "\r\n")).state,
            State::kComplete);
  EXPECT_EQ(FrameBothWays(Chunked("0\r\n" + trailers + "A: b\r\n\r\n")).status,
            431);
}

TEST(RequestFramingTest, NothingIsCompleteBeforeItsLastByte) {
  for (const std::string& bytes :
       {Get("A: b\r\n"), Post("Content-Length: 3\r\n", "abc"),
        Chunked("3\r\nabc\r\n0\r\nA: b\r\n\r\n")}) {
    for (size_t n = 0; n < bytes.size(); ++n) {
      const State state = Frame(bytes.substr(0, n)).state;
      EXPECT_TRUE(state == State::kHead || state == State::kBody)
          << bytes.substr(0, n);
    }
  }
}

}  // namespace
}  // namespace sse_bridge
