// Clients whose connections of HTTP/2 had to be ended, and that come back.

#include <string>

#include "bridge/access/client_address.h"
#include "tests/unit/http2/http2_server_testing.h"

namespace sse_bridge {
namespace {

using testing::Http2Client;
using testing::OpenedStream;

constexpr char kFlooder[] = "192.0.2.1";
constexpr char kOther[] = "192.0.2.2";
constexpr char kProxyOfAll[] = "10.0.0.1";

// EndedConnections::Limits
constexpr int kAllowed = 2;
constexpr absl::Duration kRemembered = absl::Seconds(10);

class Http2ReturningTest : public testing::Http2ServerFixture {
 protected:
  // A connection that ends with ENHANCE_YOUR_CALM.
  void Flood(const std::string& address) {
    Http2Client& client = Connect(address);
    std::string flood = client.peer.Take();
    for (int i = 0; i < 1000; ++i) {
      flood += Http2Peer::Frame(NGHTTP2_PING, 0, 0, "12345678");
    }
    client.wire->Send(flood);
    EXPECT_TRUE(RunUntil([&] { return client.peer.goaway > 0; }));
    client.wire->Close();
    Settle();
  }
  void FloodTooOften(const std::string& address) {
    for (int i = 0; i <= kAllowed; ++i) Flood(address);
    EXPECT_EQ(Ended("flood"), kAllowed + 1);
  }
  // How long a request on a new connection waits.
  absl::Duration WaitOf(const std::string& address) {
    const int64_t begin = Now();
    EXPECT_EQ(Get(Connect(address)).status(), "200");
    return Since(begin);
  }
};

TEST_P(Http2ReturningTest, SomeFloodsHaveNoConsequenceForTheNextConnection) {
  StartServer();
  for (int i = 0; i < kAllowed; ++i) Flood(kFlooder);
  EXPECT_LT(WaitOf(kFlooder), absl::Milliseconds(500));
}

TEST_P(Http2ReturningTest, AfterTooManyANewConnectionWaitsASecond) {
  StartServer();
  FloodTooOften(kFlooder);
  EXPECT_GE(WaitOf(kFlooder), absl::Milliseconds(900));
  EXPECT_LE(WaitOf(kFlooder), absl::Milliseconds(1500));
  EXPECT_LT(WaitOf(kOther), absl::Milliseconds(500));
}

TEST_P(Http2ReturningTest, NothingIsReadMeanwhile) {
  StartServer();
  FloodTooOften(kFlooder);
  Http2Client& client = Connect(kFlooder);
  client.peer.Request(Http2Peer::Get("/"));
  RunFor(absl::Milliseconds(800));
  EXPECT_EQ(*client.read_by_server, 0u);
  EXPECT_EQ(passed_, 0);
}

TEST_P(Http2ReturningTest, ARequestThatCameWithTheConnectionIsServedThen) {
  StartServer();
  FloodTooOften(kFlooder);
  Http2Client& client = ConnectWithRequest(kFlooder);
  RunFor(absl::Milliseconds(800));
  EXPECT_EQ(passed_, 0);
  Answer(NextRequest());
  EXPECT_TRUE(RunUntil([&] { return client.response(1).ended; }));
}

TEST_P(Http2ReturningTest, OpenConnectionsOfTheAddressGoOn) {
  StartServer();
  Http2Client& client = Connect(kFlooder);
  const OpenedStream stream = OpenStream(client);
  FloodTooOften(kFlooder);
  const int64_t begin = Now();
  EXPECT_TRUE(Delivers(client, stream));
  EXPECT_EQ(Get(client).status(), "200");
  EXPECT_LT(Since(begin), absl::Milliseconds(500));
}

TEST_P(Http2ReturningTest, FloodsAreForgottenInTime) {
  StartServer();
  FloodTooOften(kFlooder);
  RunFor(kRemembered);
  EXPECT_LT(WaitOf(kFlooder), absl::Milliseconds(500));
}

TEST_P(Http2ReturningTest, ATrustedProxyNeverWaits) {
  ConnectionOptions options;
  options.handshake.proxies = *TrustedProxies::Create({kProxyOfAll});
  StartServer(options);
  FloodTooOften(kProxyOfAll);
  EXPECT_LT(WaitOf(kProxyOfAll), absl::Milliseconds(500));
}

TEST_P(Http2ReturningTest, TheNetworkOfAnIPv6AddressWaits) {
  StartServer();
  FloodTooOften("2001:db8::1");
  EXPECT_GE(WaitOf("2001:db8::2"), absl::Milliseconds(900));
  EXPECT_LT(WaitOf("2001:db8:0:1::1"), absl::Milliseconds(500));
}

TEST_P(Http2ReturningTest, MalformedFramesCountToo) {
  StartServer();
  for (int i = 0; i <= kAllowed; ++i) {
    Http2Client& client = Connect(kFlooder);
    client.wire->Send(client.peer.Take() +
                      Http2Peer::Frame(NGHTTP2_PING, 0, 0, "short"));
    EXPECT_TRUE(RunUntil([&] { return client.peer.goaway > 0; }));
    client.wire->Close();
  }
  Settle();
  EXPECT_GE(WaitOf(kFlooder), absl::Milliseconds(900));
}

TEST_P(Http2ReturningTest, ClientsThatOnlyReadTooSlowlyDoNot) {
  ConnectionOptions options;
  options.write_timeout = absl::Seconds(2);
  StartServer(options);
  for (int i = 0; i <= kAllowed; ++i) {
    ConnectWithoutReading(kFlooder, 200'000);
  }
  EXPECT_TRUE(RunUntil([&] { return server_->connections() == 0; }));
  EXPECT_EQ(Ended("write_timeout"), kAllowed + 1);
  EXPECT_LT(WaitOf(kFlooder), absl::Milliseconds(500));
}

TEST_P(Http2ReturningTest, AClientThatDoesNotWaitIsForgottenAtOnce) {
  StartServer();
  FloodTooOften(kFlooder);
  const size_t before = server_->connections();
  Http2Client& leaves = Connect(kFlooder);
  Http2Client& resets = Connect(kFlooder);
  Settle();
  EXPECT_EQ(server_->connections(), before + 2);
  leaves.wire->Close();
  resets.wire->Reset();
  Settle();
  EXPECT_EQ(server_->connections(), before);
}

TEST_P(Http2ReturningTest, ConnectionsThatWaitCountAsIdle) {
  ConnectionOptions options;
  options.max_connections_per_address = 2;
  StartServer(options);
  FloodTooOften(kFlooder);
  Http2Client& first = Connect(kFlooder);
  Settle();
  for (int i = 0; i < 2; ++i) Connect(kFlooder);
  Settle();
  EXPECT_TRUE(first.over());
  EXPECT_EQ(server_->connections(), 2u);
}

TEST_P(Http2ReturningTest, AtDrainConnectionsThatWaitAreClosed) {
  StartServer();
  FloodTooOften(kFlooder);
  const Http2Client& client = Connect(kFlooder);
  Settle();
  server_->StartDraining();
  Settle();
  EXPECT_EQ(client.peer.goaway, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(client.over());
}

TEST_P(Http2ReturningTest, AHeadTimeoutBeginsAfterTheWait) {
  ConnectionOptions options;
  options.head_timeout = absl::Milliseconds(500);
  StartServer(options);
  FloodTooOften(kFlooder);
  Http2Client& client = Connect(kFlooder);
  RunFor(absl::Milliseconds(1300));
  EXPECT_EQ(client.peer.goaway, -1);
  EXPECT_EQ(Get(client).status(), "200");
}

INSTANTIATE_TEST_SUITE_P(Seeds, Http2ReturningTest,
                         ::testing::Range(testing::kFirstSeed,
                                          testing::kSeedsEnd));

}  // namespace
}  // namespace sse_bridge
