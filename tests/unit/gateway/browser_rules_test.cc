#include "bridge/gateway/browser_rules.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/http/exchange_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using testing::MakeExchange;
using ::testing::Not;
using ::testing::Pair;
using testing::TestClient;
using testing::WireAnswer;

constexpr char kApp[] = "https://app.example";
constexpr char kEvil[] = "https://evil.example";

BrowserRules Rules(const std::vector<std::string>& origins,
                   const std::vector<std::string>& hosts = {}) {
  auto rules = OriginRules::Create(origins, hosts);
  EXPECT_TRUE(rules.ok()) << rules.status();
  BrowserRules::Options options;
  options.preflight_max_age = absl::Minutes(5);
  return BrowserRules(*std::move(rules), options);
}

// The answer of `rules`, or status 0 if there is none.
WireAnswer Handle(const BrowserRules& rules, const std::string& verb,
                  const HttpHeaders& headers) {
  const auto client = std::make_shared<TestClient>();
  const auto exchange = MakeExchange(verb, "/a", headers, client);
  if (!rules.Handle(exchange.get())) {
    EXPECT_FALSE(client->answered());
    return WireAnswer();
  }
  return client->Answer();
}

HttpHeaders Preflight(const std::string& origin,
                      const std::string& method = "POST") {
  return {{"Origin", origin}, {"Access-Control-Request-Method", method}};
}

TEST(BrowserRulesTest, ListedOriginsMayReadResponsesAndSendCookies) {
  const BrowserRules rules = Rules({kApp});
  EXPECT_THAT(
      rules.HeadersFor(kApp),
      ElementsAre(
          Pair("X-Content-Type-Options", "nosniff"), Pair("Vary", "Origin"),
          Pair("Access-Control-Allow-Origin", kApp),
          Pair("Access-Control-Allow-Credentials", "true"),
          Pair("Access-Control-Expose-Headers", HasSubstr("Retry-After"))));
  EXPECT_TRUE(rules.NeedsOrigin());
}

// Otherwise a cache could serve the response to a page of a listed origin.
TEST(BrowserRulesTest, ResponsesToOtherOriginsVaryToo) {
  const BrowserRules rules = Rules({kApp});
  for (const char* origin : {"", kEvil, "null", "https://app.example:444",
                             "https://app.example.evil.example"}) {
    EXPECT_THAT(rules.HeadersFor(origin),
                ElementsAre(Pair("X-Content-Type-Options", "nosniff"),
                            Pair("Vary", "Origin")))
        << origin;
  }
}

TEST(BrowserRulesTest, PagesThatAnybodyCanCreateGetNoCookies) {
  const auto no_cookies =
      Not(Contains(Key("Access-Control-Allow-Credentials")));
  EXPECT_THAT(
      Rules({"*"}).HeadersFor(kEvil),
      AllOf(Contains(Pair("Access-Control-Allow-Origin", "*")), no_cookies));
  EXPECT_FALSE(Rules({"*"}).NeedsOrigin());
  EXPECT_THAT(
      Rules({"null"}).HeadersFor("null"),
      AllOf(Contains(Pair("Access-Control-Allow-Origin", "null")), no_cookies));
  // A listed origin keeps its rights beside "*".
  EXPECT_THAT(Rules({"*", kApp}).HeadersFor(kApp),
              Contains(Pair("Access-Control-Allow-Credentials", "true")));
}

TEST(BrowserRulesTest, WithoutOriginsThereAreNoCorsHeaders) {
  EXPECT_THAT(Rules({}).HeadersFor(kApp),
              ElementsAre(Pair("X-Content-Type-Options", "nosniff")));
}

TEST(BrowserRulesTest, PreflightAllowsWhatItAsksFor) {
  HttpHeaders headers = Preflight(kApp, "PATCH");
  headers.emplace_back("Access-Control-Request-Headers", "authorization, x-a");
  const WireAnswer answer = Handle(Rules({kApp}), "OPTIONS", headers);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.Header("Access-Control-Allow-Methods"), "PATCH");
  EXPECT_EQ(answer.Header("Access-Control-Allow-Headers"),
            "authorization, x-a");
  EXPECT_EQ(answer.Header("Access-Control-Max-Age"), "300");
  EXPECT_EQ(answer.Header("Vary"),
            "Access-Control-Request-Method, Access-Control-Request-Headers");
}

TEST(BrowserRulesTest, PreflightOfAnotherOriginOrMalformedIsRefused) {
  const BrowserRules rules = Rules({kApp});
  std::vector<HttpHeaders> refused = {Preflight(kEvil), Preflight("null"),
                                      Preflight(kApp, "PO ST"),
                                      Preflight(kApp, "")};
  for (const std::string& names :
       {std::string("a\"b"), std::string("a;b"), std::string(1025, 'a')}) {
    refused.push_back(Preflight(kApp));
    refused.back().emplace_back("Access-Control-Request-Headers", names);
  }
  refused.push_back(Preflight(kApp));
  refused.back().emplace_back("Origin", kEvil);
  for (const HttpHeaders& headers : refused) {
    EXPECT_EQ(Handle(rules, "OPTIONS", headers).status, 403)
        << ::testing::PrintToString(headers);
  }
  HttpHeaders longest = Preflight(kApp);
  longest.emplace_back("Access-Control-Request-Headers",
                       std::string(1024, 'a'));
  EXPECT_EQ(Handle(rules, "OPTIONS", longest).status, 204);
}

TEST(BrowserRulesTest, OtherRequestsAreNotPreflights) {
  const BrowserRules rules = Rules({kApp});
  EXPECT_EQ(Handle(rules, "GET", Preflight(kEvil)).status, 0);
  EXPECT_EQ(Handle(rules, "OPTIONS", {{"Origin", kEvil}}).status, 0);
  EXPECT_EQ(Handle(rules, "OPTIONS", {{"Access-Control-Request-Method", "GET"}})
                .status,
            0);
}

TEST(BrowserRulesTest, HostsThatAreNotListedGet421) {
  const BrowserRules rules = Rules({"*"}, {"bridge.example"});
  EXPECT_EQ(Handle(rules, "GET", {{"Host", "bridge.example:8080"}}).status, 0);
  for (const HttpHeaders& headers : std::vector<HttpHeaders>{
           {},
           {{"Host", "evil.example"}},
           {{"Host", "bridge.example"}, {"Host", "bridge.example"}}}) {
    EXPECT_EQ(Handle(rules, "GET", headers).status, 421)
        << ::testing::PrintToString(headers);
  }
  HttpHeaders preflight = Preflight(kApp);
  preflight.emplace_back("Host", "evil.example");
  const WireAnswer answer = Handle(rules, "OPTIONS", preflight);
  EXPECT_EQ(answer.status, 421);
  EXPECT_THAT(answer.body, HasSubstr("host not allowed"));
  EXPECT_THAT(answer.body, HasSubstr("evil.example"));
}

bool MayUseCookies(const HttpHeaders& headers, const std::string& scheme = "") {
  const auto exchange = MakeExchange("GET", "/a", headers);
  exchange->set_client_scheme(scheme);
  return Rules({kApp}).MayUseCookies(*exchange);
}

TEST(BrowserRulesTest, CookiesOfTheBridgesOwnPagesAreTrusted) {
  EXPECT_TRUE(MayUseCookies({{"Host", "b"}, {"Origin", "http://b"}}));
  EXPECT_TRUE(MayUseCookies({{"Host", "b"}, {"Origin", "https://b"}}, "https"));
  // A proxy has changed the host.
  EXPECT_TRUE(MayUseCookies({{"Host", "inner"},
                             {"Origin", "https://b"},
                             {"Sec-Fetch-Site", "same-origin"}},
                            "https"));
  EXPECT_TRUE(MayUseCookies({{"Host", "b"}, {"Sec-Fetch-Site", "none"}}));
  EXPECT_TRUE(MayUseCookies({{"Host", "b"}})) << "not a browser";
}

TEST(BrowserRulesTest, CookiesOfListedPagesAreTrusted) {
  EXPECT_TRUE(MayUseCookies(
      {{"Host", "b"}, {"Origin", kApp}, {"Sec-Fetch-Site", "cross-site"}}));
}

TEST(BrowserRulesTest, CookiesOfOtherPagesAreNot) {
  EXPECT_FALSE(MayUseCookies({{"Host", "b"}, {"Origin", kEvil}}));
  EXPECT_FALSE(MayUseCookies({{"Host", "b"}, {"Origin", "null"}}));
  EXPECT_FALSE(MayUseCookies({{"Host", "b"}, {"Origin", "http://b:81"}}));
  // Images, frames and scripts have no Origin.
  for (const char* site : {"cross-site", "same-site", "", "Same-Origin"}) {
    EXPECT_FALSE(MayUseCookies({{"Host", "b"}, {"Sec-Fetch-Site", site}}))
        << site;
  }
  EXPECT_FALSE(MayUseCookies({{"Host", "b"}, {"Origin", "http://b"}}, "https"))
      << "a network attacker can create a page without TLS";
  EXPECT_FALSE(MayUseCookies(
      {{"Host", "b"}, {"Origin", "http://b"}, {"Origin", "http://b"}}))
      << "ambiguous";
}

}  // namespace
}  // namespace sse_bridge
