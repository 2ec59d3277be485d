#include "bridge/gateway/request_filter.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/http/exchange_testing.h"
#include "tests/unit/net/manual_clock.h"

namespace sse_bridge {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MakeExchange;
using ::testing::Pair;
using testing::TestClient;
using testing::WireAnswer;

constexpr char kProxy[] = "10.0.0.1";
constexpr char kClient[] = "198.51.100.7";

class RequestFilterTest : public ::testing::Test {
 protected:
  RequestFilterTest() {
    auto origins =
        OriginRules::Create({"https://app.example"}, {"bridge.example"});
    EXPECT_TRUE(origins.ok()) << origins.status();
    browsers_ = std::make_unique<BrowserRules>(*std::move(origins),
                                               BrowserRules::Options());
  }

  RequestFilter Create(bool proxy_protocol = false, bool tls = false) {
    auto proxies = TrustedProxies::Create({"10.0.0.0/8"});
    EXPECT_TRUE(proxies.ok()) << proxies.status();
    return RequestFilter(*std::move(proxies), proxy_protocol, tls, rate_.get(),
                         browsers_.get(), &rejections_, &clock_);
  }

  // Each client gets one request.
  void LimitRate() {
    RateLimiter::Options options;
    options.per_second = 0.001;
    rate_ = std::make_unique<RateLimiter>(options);
  }

  // A request for an allowed host.
  std::shared_ptr<HttpExchange> Request(HttpHeaders headers,
                                        const std::string& peer = kProxy) {
    client_ = std::make_shared<TestClient>();
    headers.emplace_back("Host", "bridge.example");
    return MakeExchange("GET", "/a", std::move(headers), client_, "", peer);
  }

  ManualClock clock_;
  std::unique_ptr<BrowserRules> browsers_;
  std::unique_ptr<RateLimiter> rate_;
  LabelledCounter rejections_;
  std::shared_ptr<TestClient> client_;
};

TEST_F(RequestFilterTest, TrustedProxyNamesTheClientAndItsAddress) {
  const auto exchange =
      Request({{"X-Forwarded-For", "203.0.113.1, 198.51.100.7"},
               {"X-Forwarded-Proto", "HTTPS, http"},
               {"X-Forwarded-Prefix", "/realtime/"}});
  EXPECT_FALSE(Create().Handle(exchange.get()));
  EXPECT_EQ(exchange->client_address(), kClient);
  EXPECT_EQ(exchange->client_scheme(), "https");
  EXPECT_EQ(exchange->public_path(), "/realtime");
}

TEST_F(RequestFilterTest, OtherPeersCannotNameAnotherClient) {
  const auto exchange = Request({{"X-Forwarded-For", kClient},
                                 {"X-Forwarded-Proto", "https"},
                                 {"X-Forwarded-Prefix", "/realtime"}},
                                "192.0.2.1");
  EXPECT_FALSE(Create().Handle(exchange.get()));
  EXPECT_EQ(exchange->client_address(), "192.0.2.1");
  EXPECT_EQ(exchange->client_scheme(), "");
  EXPECT_EQ(exchange->public_path(), "");
}

TEST_F(RequestFilterTest, UnclearSchemesAreIgnored) {
  for (const HttpHeaders& headers : std::vector<HttpHeaders>{
           {{"X-Forwarded-Proto", "ftp"}},
           {{"X-Forwarded-Proto", ""}},
           {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "https"}}}) {
    const auto exchange = Request(headers);
    EXPECT_FALSE(Create().Handle(exchange.get()));
    EXPECT_EQ(exchange->client_scheme(), "")
        << ::testing::PrintToString(headers);
  }
}

// A proxy may itself connect to the bridge by TLS.
TEST_F(RequestFilterTest, ProxysSchemeCountsMoreThanItsOwnConnections) {
  const RequestFilter filter = Create(/*proxy_protocol=*/false, /*tls=*/true);
  const auto direct = Request({}, "192.0.2.1");
  EXPECT_FALSE(filter.Handle(direct.get()));
  EXPECT_EQ(direct->client_scheme(), "https");
  const auto proxied = Request({{"X-Forwarded-Proto", "http"}});
  EXPECT_FALSE(filter.Handle(proxied.get()));
  EXPECT_EQ(proxied->client_scheme(), "http");
}

TEST_F(RequestFilterTest, ClientsBehindAProxyHaveARateEach) {
  LimitRate();
  const RequestFilter filter = Create();
  EXPECT_FALSE(filter.Handle(Request({{"X-Forwarded-For", kClient}}).get()));
  const auto exchange = Request(
      {{"X-Forwarded-For", kClient}, {"Origin", "https://app.example"}});
  EXPECT_TRUE(filter.Handle(exchange.get()));
  const WireAnswer answer = client_->Answer();
  EXPECT_EQ(answer.status, 429);
  EXPECT_NE(answer.Header("Retry-After"), "");
  EXPECT_EQ(answer.Header("Access-Control-Allow-Origin"), "https://app.example")
      << "the page must be able to read why";
  EXPECT_THAT(rejections_.Snapshot(), ElementsAre(Pair(Pair("429", ""), 1)));
  EXPECT_FALSE(
      filter.Handle(Request({{"X-Forwarded-For", "198.51.100.8"}}).get()));
  clock_.Advance(absl::Seconds(1000));
  EXPECT_FALSE(filter.Handle(Request({{"X-Forwarded-For", kClient}}).get()));
}

// One customer usually has a whole /64.
TEST_F(RequestFilterTest, Ipv6NetworkHasOneRate) {
  LimitRate();
  const RequestFilter filter = Create();
  EXPECT_FALSE(
      filter.Handle(Request({{"X-Forwarded-For", "2001:db8::1"}}).get()));
  EXPECT_TRUE(
      filter.Handle(Request({{"X-Forwarded-For", "2001:db8::2"}}).get()));
}

TEST_F(RequestFilterTest, RequestsOfCountedConnectionsAreNotCountedAgain) {
  LimitRate();
  const RequestFilter filter = Create();
  const RequestFilter by_header = Create(/*proxy_protocol=*/true);
  for (int i = 0; i < 3; ++i) {
    // The handshake counts these, by the peer or by the PROXY header.
    EXPECT_FALSE(filter.Handle(Request({}, "192.0.2.1").get()));
    EXPECT_FALSE(filter.Handle(Request({}).get())) << "the proxy itself";
    EXPECT_FALSE(
        by_header.Handle(Request({{"X-Forwarded-For", kClient}}).get()));
  }
  EXPECT_THAT(rejections_.Snapshot(), IsEmpty());
}

TEST_F(RequestFilterTest, BrowsersGetTheirHeadersAndAnswers) {
  const RequestFilter filter = Create();
  const auto exchange = Request({{"Origin", "https://app.example"}});
  EXPECT_FALSE(filter.Handle(exchange.get()));
  EXPECT_THAT(
      exchange->response_headers(),
      Contains(Pair("Access-Control-Allow-Origin", "https://app.example")));
  const auto client = std::make_shared<TestClient>();
  const auto rebound =
      MakeExchange("GET", "/a", {{"Host", "evil.example"}}, client);
  EXPECT_TRUE(filter.Handle(rebound.get()));
  EXPECT_EQ(client->Answer().status, 421);
}

}  // namespace
}  // namespace sse_bridge
