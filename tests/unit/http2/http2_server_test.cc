// What the connections of HTTP/2 share: who serves their requests, the drain,
// and how many of them may be idle.

#include "bridge/http2/http2_server.h"

#include <string>

#include "absl/strings/match.h"
#include "bridge/access/client_address.h"
#include "tests/unit/http2/http2_server_testing.h"

namespace sse_bridge {
namespace {

using testing::Http2Client;
using testing::OpenedStream;

constexpr char kProxy[] = "10.0.0.1";

class Http2ServerTest : public testing::Http2ServerFixture {
 protected:
  static ConnectionOptions OneIdlePerAddress() {
    ConnectionOptions options;
    options.max_connections_per_address = 1;
    options.handshake.proxies = *TrustedProxies::Create({kProxy});
    return options;
  }
};

TEST_P(Http2ServerTest, ARequestWithoutSpaceForItIsRefused) {
  ConnectionOptions options;
  options.headers_for_origin = [](absl::string_view origin) {
    return HttpHeaders{{"access-control-allow-origin", std::string(origin)}};
  };
  StartServer(options);
  has_space_ = false;
  Http2Client& client = Connect();
  auto fields = Http2Peer::Get("/");
  fields.emplace_back("origin", "https://page.test");
  const int32_t id = client.peer.Request(fields);
  ASSERT_TRUE(RunUntil([&] { return client.response(id).ended; }));
  EXPECT_EQ(client.response(id).status(), "503");
  EXPECT_EQ(client.response(id).header("access-control-allow-origin"),
            "https://page.test");
  EXPECT_EQ(passed_, 1);
  EXPECT_EQ(Rejected("503"), 1);
  EXPECT_TRUE(Idle());

  has_space_ = true;
  EXPECT_EQ(Get(client).status(), "200");
}

TEST_P(Http2ServerTest, RequestsAreInFlightUntilTheyAreAnsweredOrStreams) {
  StartServer();
  Http2Client& client = Connect();
  const int32_t id = client.peer.Request(Http2Peer::Get("/"));
  const auto exchange = NextRequest();
  EXPECT_FALSE(Idle());
  const OpenedStream stream = OpenStream(client);
  EXPECT_FALSE(Idle());
  Answer(exchange);
  ASSERT_TRUE(RunUntil([&] { return client.response(id).ended; }));
  EXPECT_TRUE(Idle());
  EXPECT_TRUE(Delivers(client, stream));
}

TEST_P(Http2ServerTest, NothingIsPassedOnAfterStop) {
  StartServer();
  Http2Client& client = Connect();
  const OpenedStream stream = OpenStream(client);
  const int32_t before = client.peer.Request(Http2Peer::Get("/"));
  const auto exchange = NextRequest();
  server_->Stop();
  const int passed = passed_;
  const int32_t after = client.peer.Request(Http2Peer::Get("/"));
  ASSERT_TRUE(RunUntil([&] { return client.response(after).ended; }));
  EXPECT_EQ(client.response(after).status(), "503");
  EXPECT_EQ(passed_, passed);
  // What was passed on before is still answered, and streams go on.
  Answer(exchange);
  EXPECT_TRUE(RunUntil([&] { return client.response(before).ended; }));
  EXPECT_EQ(client.response(before).status(), "200");
  EXPECT_TRUE(Delivers(client, stream));
}

TEST_P(Http2ServerTest, AConnectionAcceptedAfterDeliveryStoppedIsDropped) {
  StartServer();
  delivery_->Stop();
  const Http2Client& client = Connect();
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_EQ(network_.open_sockets(), 0u);
  EXPECT_TRUE(RunUntil([&] { return client.over(); }));
}

TEST_P(Http2ServerTest, StoppingDeliveryClosesConnectionsAndTheirStreams) {
  StartServer();
  Http2Client& client = Connect();
  const OpenedStream stream = OpenStream(client);
  client.peer.Request(Http2Peer::Get("/"));
  const auto exchange = NextRequest();
  delivery_->Stop();
  EXPECT_EQ(stream.closed->times.value(), 1);
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_EQ(network_.open_sockets(), 0u);
  EXPECT_TRUE(Idle());
  Answer(exchange);  // goes nowhere
}

TEST_P(Http2ServerTest, AtDrainClientsAreToldAndStreamsGoOn) {
  StartServer();
  Http2Client& client = Connect();
  const OpenedStream stream = OpenStream(client);
  const int32_t waiting = client.peer.Request(Http2Peer::Get("/"));
  const auto exchange = NextRequest();
  server_->StartDraining();
  ASSERT_TRUE(RunUntil([&] { return client.peer.goaway == 0; }));
  EXPECT_EQ(client.peer.last_stream, INT32_MAX) << "a warning";
  Answer(exchange);
  EXPECT_TRUE(RunUntil([&] { return client.response(waiting).ended; }));
  EXPECT_TRUE(Delivers(client, stream));

  delivery_->CloseAll(absl::ZeroDuration(), Event("drain"));
  ASSERT_TRUE(RunUntil([&] { return client.response(stream.id).ended; }));
  EXPECT_EQ(client.peer.last_stream, waiting);
  EXPECT_TRUE(
      absl::StrContains(client.response(stream.id).body, "data: drain"));
  ASSERT_TRUE(RunUntil([&] { return client.wire->ended(); }));
  client.wire->Close();
  EXPECT_TRUE(RunUntil([&] { return server_->connections() == 0; }));
}

TEST_P(Http2ServerTest, AtDrainIdleConnectionsAreClosed) {
  StartServer();
  Http2Client& idle = Connect();
  Get(idle);
  Http2Client& busy = Connect();
  const OpenedStream stream = OpenStream(busy);
  server_->StartDraining();
  Settle();
  EXPECT_TRUE(idle.over());
  EXPECT_EQ(idle.peer.goaway, NGHTTP2_NO_ERROR);
  EXPECT_FALSE(busy.over());
  EXPECT_TRUE(Delivers(busy, stream));
}

TEST_P(Http2ServerTest, AConnectionAcceptedWhileDrainingIsToldAtOnce) {
  StartServer();
  server_->StartDraining();
  const Http2Client& client = Connect();
  Settle();
  EXPECT_TRUE(client.over());
  EXPECT_EQ(client.peer.goaway, NGHTTP2_NO_ERROR);
}

TEST_P(Http2ServerTest, ARequestThatComesWithAConnectionIsServedAtDrain) {
  StartServer();
  server_->StartDraining();
  Http2Client& client = ConnectWithRequest();
  const auto exchange = NextRequest();
  Settle();
  EXPECT_EQ(client.peer.goaway, NGHTTP2_NO_ERROR);
  EXPECT_FALSE(client.over());
  Answer(exchange);
  Settle();
  EXPECT_EQ(client.response(1).status(), "200");
  EXPECT_TRUE(client.over());
}

TEST_P(Http2ServerTest, TheLongestIdleConnectionOfAnAddressIsClosed) {
  StartServer(OneIdlePerAddress());
  Http2Client& busy = Connect();
  const OpenedStream stream = OpenStream(busy);
  Http2Client& elsewhere = Connect("192.0.2.2");
  Get(elsewhere);
  Http2Client& first = Connect();
  Get(first);
  Settle();
  EXPECT_FALSE(first.over());
  Http2Client& second = Connect();
  Get(second);
  Settle();
  EXPECT_TRUE(first.over());
  EXPECT_FALSE(second.over());
  EXPECT_FALSE(elsewhere.over());
  EXPECT_TRUE(Delivers(busy, stream));
  EXPECT_EQ(Get(second).status(), "200");
}

TEST_P(Http2ServerTest, TheNetworkOfAnIPv6AddressCountsAsOneAddress) {
  StartServer(OneIdlePerAddress());
  Http2Client& first = Connect("2001:db8::1");
  Get(first);
  Http2Client& second = Connect("2001:db8::2");
  Get(second);
  Settle();
  EXPECT_TRUE(first.over());
  EXPECT_FALSE(second.over());
}

TEST_P(Http2ServerTest, IdleConnectionsOfATrustedProxyHaveNoLimit) {
  StartServer(OneIdlePerAddress());
  for (int i = 0; i < 5; ++i) Get(Connect(kProxy));
  Settle();
  EXPECT_EQ(server_->connections(), 5u);
}

TEST_P(Http2ServerTest, TheLongestIdleOfAllIsClosedForOthers) {
  StartServer();
  EXPECT_FALSE(server_->CloseLongestIdle());
  Http2Client& busy = Connect();
  OpenStream(busy);
  Settle();
  EXPECT_FALSE(server_->CloseLongestIdle());
  Http2Client& first = Connect("192.0.2.2");
  Get(first);
  Http2Client& second = Connect("192.0.2.3");
  Get(second);
  Settle();
  EXPECT_TRUE(server_->CloseLongestIdle());
  Settle();
  EXPECT_TRUE(first.over());
  EXPECT_FALSE(second.over());
  EXPECT_TRUE(server_->CloseLongestIdle());
  Settle();
  EXPECT_TRUE(second.over());
  EXPECT_FALSE(busy.over());
  EXPECT_FALSE(server_->CloseLongestIdle());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Http2ServerTest,
                         ::testing::Range(testing::kFirstSeed,
                                          testing::kSeedsEnd));

}  // namespace
}  // namespace sse_bridge
