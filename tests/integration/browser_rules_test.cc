// What pages of other sites may do with the bridge.

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

class BrowserRulesTest : public ServicesTest {
 protected:
  BrowserRulesTest()
      : cors_(backends_.address,
              {"--cors-origin", "https://app.example", "--cors-origin",
               "https://*.apps.example", "--auth-cookie", "session"}) {}

  // The head of the answer, of a stream too.
  static HttpAnswer Ask(const Bridge& bridge, const std::string& verb,
                        const std::string& target, Headers headers) {
    HttpRequest request = bridge.Request(verb, target);
    for (auto& header : headers) request.headers.push_back(std::move(header));
    HttpConnection connection(bridge.address);
    connection.Send(request);
    return connection.ReadHead();
  }
  static std::string Header(const HttpAnswer& answer, const std::string& name) {
    const auto it = answer.headers.find(name);
    return it == answer.headers.end() ? "" : it->second;
  }
  // Whether a cache keeps the answers for different origins apart.
  static bool VariesByOrigin(const HttpAnswer& answer) {
    return absl::StrContains(Header(answer, "vary"), "Origin");
  }
  std::string Cookie() const { return "session=" + cors_.Token("ann"); }
  std::string Own() const { return cors_.address; }  // http://127.0.0.1:PORT
  std::string OwnHost() const { return Own().substr(7); }

  Bridge cors_;
};

constexpr char kStream[] = "/channels/c/stream";
constexpr char kPublic[] = "/prices/stream?symbols=A";

TEST_F(BrowserRulesTest, AllowedOriginsReadStreamsAnswersAndErrors) {
  for (const std::string origin :
       {"https://app.example", "https://a.b.apps.example"}) {
    for (const auto& [target, status] :
         {std::pair(kStream, 200), std::pair("/channels/c/members", 200),
          std::pair("/nowhere", 404)}) {
      SCOPED_TRACE(origin + target);
      const HttpAnswer answer =
          Ask(cors_, "GET", target, {{"Origin", origin}, {"Cookie", Cookie()}});
      EXPECT_EQ(answer.status, status);
      EXPECT_EQ(Header(answer, "access-control-allow-origin"), origin);
      EXPECT_EQ(Header(answer, "access-control-allow-credentials"), "true");
      EXPECT_TRUE(VariesByOrigin(answer));
      EXPECT_EQ(Header(answer, "x-content-type-options"), "nosniff");
    }
  }
}

// What is refused before anybody asks what it is for.
TEST_F(BrowserRulesTest, AllowedOriginsReadWhatTheParserRefuses) {
  const std::string page = "https://app.example";
  const std::string host = "Host: h\r\n", origin = "Origin: " + page + "\r\n";
  const std::pair<std::string, int> cases[] = {
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n" + host + origin +
           "\r\n",
       414},
      {"GET / HTTP/1.1\r\n" + host + "A: " + std::string(20'000, 'a') + "\r\n" +
           origin + "\r\n",
       431},
      {"POST /prices HTTP/1.1\r\n" + host + origin +
           "Content-Length: 2000000\r\n\r\n",
       413},
      {"POST /prices HTTP/1.1\r\n" + host + origin +
           "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
       415},
      {"POST /prices HTTP/1.1\r\n" + host + origin +
           "Expect: what\r\nContent-Length: 1\r\n\r\nx",
       417},
      {"GET /%zz HTTP/1.1\r\n" + host + origin + "\r\n", 400},
      {"GET http://other/ HTTP/1.1\r\n" + host + origin + "\r\n", 400},
      {"WHAT / HTTP/1.1\r\n" + host + origin + "\r\n", 501},
      {"GET / HTTP/1.1\r\n" + host + origin + "Bad Header: x\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : cases) {
    HttpConnection connection(cors_.address);
    connection.SendRaw(bytes);
    const HttpAnswer answer = connection.ReadHead();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(Header(answer, "access-control-allow-origin"), page) << status;
    EXPECT_NE(Header(answer, "date"), "") << status;
  }
  Bridge named(backends_.address,
               {"--allowed-host", "bridge.example", "--cors-origin", page});
  const HttpAnswer misdirected = Ask(named, "GET", "/", {{"Origin", page}});
  EXPECT_EQ(misdirected.status, 421);
  EXPECT_EQ(Header(misdirected, "access-control-allow-origin"), page);
}

TEST_F(BrowserRulesTest, RefusalsForAnotherRateHaveTheHeadersToo) {
  const std::string page = "https://app.example";
  Bridge proxied(backends_.address,
                 {"--trusted-proxy=127.0.0.0/8", "--cors-origin", page,
                  "--connections-per-second=1", "--connections-burst=1"});
  HttpAnswer answer;
  for (int i = 0; i < 20 && answer.status != 429; ++i) {
    answer = Ask(proxied, "GET", kPublic,
                 {{"Origin", page}, {"X-Forwarded-For", "192.0.2.1"}});
  }
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(Header(answer, "access-control-allow-origin"), page);
}

TEST_F(BrowserRulesTest, OthersGetNoLeaveToRead) {
  for (const std::string origin :
       {"https://evil.example", "http://app.example", "https://apps.example",
        "https://app.example.evil.example", "null", "https://app.example, x"}) {
    const HttpAnswer answer = Ask(cors_, "GET", kPublic, {{"Origin", origin}});
    EXPECT_EQ(answer.status, 200) << "what is public needs no cookie";
    EXPECT_EQ(Header(answer, "access-control-allow-origin"), "") << origin;
    EXPECT_TRUE(VariesByOrigin(answer));
  }
  const HttpAnswer without = Ask(cors_, "GET", kPublic, {});
  EXPECT_TRUE(VariesByOrigin(without));
  // Twice is not once.
  const HttpAnswer twice = Ask(
      cors_, "GET", kPublic,
      {{"Origin", "https://app.example"}, {"Origin", "https://evil.example"}});
  EXPECT_EQ(Header(twice, "access-control-allow-origin"), "");
}

TEST_F(BrowserRulesTest, CookiesOfOtherSitesPagesAreRefused) {
  for (const char* target :
       {kStream, "/channels/c/members", "/events", kPublic}) {
    SCOPED_TRACE(target);
    for (const Headers& from : std::vector<Headers>{
             {{"Origin", "https://evil.example"}},
             {{"Origin", "null"}},
             {{"Origin", "http://127.0.0.1:1"}},
             {{"Origin", "https://app.example"}, {"Origin", Own()}},
             // The same host by another scheme or port is another site.
             {{"Origin", "https://" + OwnHost()}},
             {{"Origin", "http://127.0.0.1"}},
             {{"Origin", "capacitor://" + OwnHost()}},
             // What the browser says counts more than that Origin is ours.
             {{"Origin", Own()}, {"Sec-Fetch-Site", "cross-site"}},
             {{"Origin", Own()}, {"Sec-Fetch-Site", "same-site"}},
             {{"Origin", Own()}, {"Sec-Fetch-Site", "Same-Origin"}},
             {{"Origin", "null"}, {"Sec-Fetch-Site", "same-origin"}},
             // Nobody trusted says so.
             {{"Origin", "https://" + OwnHost()},
              {"X-Forwarded-Proto", "https"}},
             // An image or a frame sends no Origin.
             {{"Sec-Fetch-Site", "cross-site"}},
             {{"Sec-Fetch-Site", "same-site"}}}) {
      Headers headers = from;
      headers.emplace_back("Cookie", Cookie());
      headers.emplace_back("Host", OwnHost());
      EXPECT_EQ(Ask(cors_, "GET", target, headers).status, 403)
          << from[0].first << ": " << from[0].second;
    }
  }
  HttpRequest request = cors_.Request("POST", "/auth/ticket");
  request.headers = {{"Cookie", Cookie()}, {"Origin", "https://evil.example"}};
  ExpectError(Fetch(cors_.address, request), 403, "origin");
}

TEST_F(BrowserRulesTest, CookiesOfOwnPagesAndOfOtherClientsAreTaken) {
  for (const Headers& from :
       std::vector<Headers>{{},
                            {{"Origin", Own()}},
                            {{"Sec-Fetch-Site", "same-origin"}},
                            {{"Sec-Fetch-Site", "none"}},
                            {{"Origin", "https://app.example"},
                             {"Sec-Fetch-Site", "cross-site"}},
                            // Behind a proxy that names another host.
                            {{"Origin", "https://public.example"},
                             {"Sec-Fetch-Site", "same-origin"}}}) {
    Headers headers = from;
    headers.emplace_back("Cookie", Cookie());
    headers.emplace_back("Host", OwnHost());
    EXPECT_EQ(Ask(cors_, "GET", kStream, headers).status, 200)
        << (from.empty() ? "" : from[0].second);
  }
  // A token in a header is sent on purpose.
  HttpRequest request =
      cors_.Request("GET", "/channels/c/members", cors_.Token("ann"));
  request.headers.emplace_back("Origin", "https://evil.example");
  EXPECT_EQ(Fetch(cors_.address, request).status, 200);
}

TEST_F(BrowserRulesTest, ATrustedProxyTellsTheSchemeOfThePage) {
  Bridge bridge(backends_.address,
                {"--trusted-proxy", "127.0.0.1", "--auth-cookie", "session"});
  const std::string host = bridge.address.substr(7);
  const auto status = [&](const std::string& scheme, Headers headers) {
    headers.emplace_back("Origin", scheme + host);
    headers.emplace_back("Cookie", "session=" + bridge.Token("ann"));
    headers.emplace_back("Host", host);
    return Ask(bridge, "GET", "/channels/c/members", headers).status;
  };
  for (const char* https : {"https", "HTTPS", "https, http"}) {
    EXPECT_EQ(status("https://", {{"X-Forwarded-Proto", https}}), 200);
    EXPECT_EQ(status("http://", {{"X-Forwarded-Proto", https}}), 403);
    EXPECT_EQ(status("http://", {{"X-Forwarded-Proto", https},
                                 {"Sec-Fetch-Site", "same-origin"}}),
              403);
  }
  EXPECT_EQ(status("http://", {{"X-Forwarded-Proto", "http"}}), 200);
  EXPECT_EQ(status("https://", {}), 403);
  EXPECT_EQ(status("https://", {{"X-Forwarded-Proto", "wss"}}), 403);
  EXPECT_EQ(status("https://", {{"X-Forwarded-Proto", "https"},
                                {"X-Forwarded-Proto", "https"}}),
            403);
  // The browser vouches where nobody else knows.
  EXPECT_EQ(status("https://", {{"Sec-Fetch-Site", "same-origin"}}), 200);
}

TEST_F(BrowserRulesTest, AppsAreListedAndPagesWithoutOriginGetNoCookies) {
  Bridge bridge(backends_.address,
                {"--cors-origin", "capacitor://localhost", "--cors-origin",
                 "null", "--auth-cookie", "session"});
  const Headers cookie = {{"Cookie", "session=" + bridge.Token("ann")}};
  Headers app = cookie;
  app.emplace_back("Origin", "capacitor://localhost");
  const HttpAnswer answer = Ask(bridge, "GET", kStream, app);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Header(answer, "access-control-allow-origin"),
            "capacitor://localhost");
  EXPECT_EQ(Header(answer, "access-control-allow-credentials"), "true");
  const HttpAnswer sandboxed =
      Ask(bridge, "GET", kPublic, {{"Origin", "null"}});
  EXPECT_EQ(Header(sandboxed, "access-control-allow-origin"), "null");
  EXPECT_EQ(Header(sandboxed, "access-control-allow-credentials"), "");
  Headers nobody = cookie;
  nobody.emplace_back("Origin", "null");
  EXPECT_EQ(Ask(bridge, "GET", kStream, nobody).status, 403);
  EXPECT_EQ(Ask(bridge, "OPTIONS", kPublic,
                {{"Origin", "null"}, {"Access-Control-Request-Method", "GET"}})
                .status,
            204);
}

TEST_F(BrowserRulesTest, PreflightsAreAnsweredForAllowedOrigins) {
  const HttpAnswer answer =
      Ask(cors_, "OPTIONS", "/prices",
          {{"Origin", "https://app.example"},
           {"Access-Control-Request-Method", "POST"},
           {"Access-Control-Request-Headers", "authorization, content-type"}});
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(Header(answer, "access-control-allow-origin"),
            "https://app.example");
  EXPECT_EQ(Header(answer, "access-control-allow-methods"), "POST");
  EXPECT_EQ(Header(answer, "access-control-allow-headers"),
            "authorization, content-type");
  EXPECT_EQ(Header(answer, "access-control-allow-credentials"), "true");
  EXPECT_EQ(Header(answer, "access-control-max-age"), "600");
  const HttpAnswer refused = Ask(cors_, "OPTIONS", "/prices",
                                 {{"Origin", "https://evil.example"},
                                  {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Header(refused, "access-control-allow-origin"), "");
  // What is no method or no list of headers is not sent back.
  for (const Headers& odd : std::vector<Headers>{
           {{"Access-Control-Request-Method", "PO ST"}},
           {{"Access-Control-Request-Method", "POST"},
            {"Access-Control-Request-Headers", "a: b"}},
           {{"Access-Control-Request-Method", "POST"},
            {"Access-Control-Request-Headers", std::string(2000, 'a')}}}) {
    Headers headers = odd;
    headers.emplace_back("Origin", "https://app.example");
    EXPECT_EQ(Ask(cors_, "OPTIONS", "/prices", headers).status, 403);
  }
  // OPTIONS of a client that is no browser's page.
  EXPECT_EQ(Ask(cors_, "OPTIONS", "/prices", {}).status, 204);
}

TEST_F(BrowserRulesTest, AnyOriginMayReadButNotWithCookies) {
  Bridge any(backends_.address,
             {"--cors-origin", "*", "--auth-cookie", "session"});
  const HttpAnswer answer =
      Ask(any, "GET", kPublic, {{"Origin", "https://who.ever"}});
  EXPECT_EQ(Header(answer, "access-control-allow-origin"), "*");
  EXPECT_EQ(Header(answer, "access-control-allow-credentials"), "");
  EXPECT_EQ(Ask(any, "GET", kStream,
                {{"Origin", "https://who.ever"},
                 {"Cookie", "session=" + any.Token("ann")}})
                .status,
            403);
}

TEST_F(BrowserRulesTest, WithoutAListNothingIsSaid) {
  const HttpAnswer answer =
      Ask(bridge_, "GET", kPublic, {{"Origin", "https://app.example"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Header(answer, "access-control-allow-origin"), "");
  EXPECT_FALSE(VariesByOrigin(answer));
}

TEST_F(BrowserRulesTest, HostsThatAreNotOursAreRefused) {
  Bridge bridge(backends_.address, {"--allowed-host", "bridge.example",
                                    "--allowed-host", "*.b.example"});
  const auto status = [&](const std::string& host) {
    return Ask(bridge, "GET", kPublic, {{"Host", host}}).status;
  };
  EXPECT_EQ(status("bridge.example"), 200);
  EXPECT_EQ(status("BRIDGE.example:8080"), 200);
  EXPECT_EQ(status("a.b.example"), 200);
  EXPECT_EQ(status("rebound.evil.example"), 421);
  EXPECT_EQ(status("127.0.0.1"), 421);
  EXPECT_EQ(bridge.Call("GET", "/nowhere").status, 421);
}

TEST_F(BrowserRulesTest, WhatIsNoOriginStopsTheStart) {
  for (const Headers& options :
       std::vector<Headers>{{{"--cors-origin", "app.example"}},
                            {{"--cors-origin", "https://app.example/"}},
                            {{"--allowed-host", "https://app.example"}}}) {
    const CommandResult result =
        TryCommand(BridgeProgram() + " --upstream 127.0.0.1:1 " +
                   options[0].first + " '" + options[0].second + "' 2>&1");
    EXPECT_EQ(result.code, 2);
    EXPECT_NE(result.output.find(options[0].first), std::string::npos)
        << result.output;
    EXPECT_NE(result.output.find(options[0].second), std::string::npos)
        << result.output;
  }
}

}  // namespace
}  // namespace sse_bridge::testing
