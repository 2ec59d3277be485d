// What the connections of HTTP/2 share: who serves their requests, the drain,
// and limits per address and of all.

#include "bridge/http2/http2_server.h"

#include <string>
#include <vector>

#include "bridge/access/client_address.h"
#include "tests/unit/http2/http2_server_testing.h"

namespace sse_bridge {
namespace {

using testing::Http2Client;
using testing::OpenedStream;

constexpr char kProxy[] = "10.0.0.1";

class Http2ServerTest : public testing::Http2ServerFixture {
 protected:
  // All requests and answers may hold 500,000 bytes, those of an address half.
  static ConnectionOptions SmallMemory() {
    ConnectionOptions options;
    options.max_buffered_bytes = 1'000'000;
    options.handshake.proxies = *TrustedProxies::Create({kProxy});
    return options;
  }
  // A request whose body of this size has arrived, but not its end.
  int32_t Upload(Http2Client& client, size_t size) {
    auto fields = Http2Peer::Get("/");
    fields[0].second = "POST";
    const int32_t id = client.peer.Request(fields, std::string(size, 'x'),
                                           /*has_body=*/true, /*ends=*/false);
    const size_t before = *client.read_by_server;
    EXPECT_TRUE(RunUntil([&] {
      return *client.read_by_server - before >= size ||
             !client.response(id).headers.empty();
    }));
    Settle();
    return id;
  }
  static ConnectionOptions OneIdlePerAddress() {
    ConnectionOptions options;
    options.max_connections_per_address = 1;
    options.handshake.proxies = *TrustedProxies::Create({kProxy});
    return options;
  }
};

TEST_F(Http2ServerTest, ARequestWithoutSpaceForItIsRefused) {
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

TEST_F(Http2ServerTest, RequestsAreInFlightUntilTheyAreAnsweredOrStreams) {
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

TEST_F(Http2ServerTest, NothingIsPassedOnAfterStop) {
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

TEST_F(Http2ServerTest, AConnectionAcceptedAfterDeliveryStoppedIsDropped) {
  StartServer();
  delivery_->Stop();
  const Http2Client& client = Connect();
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_EQ(network_.open_sockets(), 0u);
  EXPECT_TRUE(RunUntil([&] { return client.over(); }));
}

TEST_F(Http2ServerTest, StoppingDeliveryClosesConnectionsAndTheirStreams) {
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

TEST_F(Http2ServerTest, AtDrainClientsAreToldAndStreamsGoOn) {
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

TEST_F(Http2ServerTest, AtDrainIdleConnectionsAreClosed) {
  StartServer();
  Http2Client& idle = Connect();
  Get(idle);
  Http2Client& busy = Connect();
  const OpenedStream stream = OpenStream(busy);
  server_->StartDraining();
  ASSERT_TRUE(RunUntil([&] { return idle.over(); }));
  EXPECT_EQ(idle.peer.goaway, NGHTTP2_NO_ERROR);
  EXPECT_FALSE(busy.over());
  EXPECT_TRUE(Delivers(busy, stream));
}

TEST_F(Http2ServerTest, AConnectionAcceptedWhileDrainingIsToldAtOnce) {
  StartServer();
  server_->StartDraining();
  Http2Client& client = Connect();
  EXPECT_TRUE(RunUntil([&] { return client.over(); }));
  EXPECT_EQ(client.peer.goaway, NGHTTP2_NO_ERROR);
}

TEST_F(Http2ServerTest, TheLongestIdleConnectionOfAnAddressIsClosed) {
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
  ASSERT_TRUE(RunUntil([&] { return first.over(); }));
  Settle();
  EXPECT_FALSE(second.over());
  EXPECT_FALSE(elsewhere.over());
  EXPECT_TRUE(Delivers(busy, stream));
  EXPECT_EQ(Get(second).status(), "200");
}

TEST_F(Http2ServerTest, TheNetworkOfAnIPv6AddressCountsAsOneAddress) {
  StartServer(OneIdlePerAddress());
  Http2Client& first = Connect("2001:db8::1");
  Get(first);
  Http2Client& second = Connect("2001:db8::2");
  Get(second);
  EXPECT_TRUE(RunUntil([&] { return first.over(); }));
  EXPECT_FALSE(second.over());
}

TEST_F(Http2ServerTest, IdleConnectionsOfATrustedProxyHaveNoLimit) {
  StartServer(OneIdlePerAddress());
  for (int i = 0; i < 5; ++i) Get(Connect(kProxy));
  Settle();
  EXPECT_EQ(server_->connections(), 5u);
}

TEST_F(Http2ServerTest, TheLongestIdleOfAllIsClosedForOthers) {
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
  EXPECT_TRUE(RunUntil([&] { return first.over(); }));
  EXPECT_FALSE(second.over());
  EXPECT_TRUE(server_->CloseLongestIdle());
  EXPECT_TRUE(RunUntil([&] { return second.over(); }));
  EXPECT_FALSE(busy.over());
  EXPECT_FALSE(server_->CloseLongestIdle());
}

// A body takes up to twice its size: it grows while it arrives.

TEST_F(Http2ServerTest, TheLargestRequestOfAnAddressWithTooMuchIsRefused) {
  StartServer(SmallMemory());
  Http2Client& client = Connect();
  const int32_t small = Upload(client, 50'000);
  EXPECT_GE(server_->held_bytes(), 50'000u);
  const int32_t large = Upload(client, 200'000);
  ASSERT_TRUE(RunUntil([&] { return client.response(large).ended; }));
  EXPECT_EQ(client.response(large).status(), "503");
  EXPECT_TRUE(client.response(small).headers.empty());
  EXPECT_LE(server_->held_bytes(), 250'000u);
  // Other addresses have their own.
  Http2Client& other = Connect("192.0.2.2");
  const int32_t others = Upload(other, 100'000);
  EXPECT_TRUE(other.response(others).headers.empty());
}

TEST_F(Http2ServerTest, ConnectionsOfAnAddressShareItsMemory) {
  StartServer(SmallMemory());
  Http2Client& first = Connect();
  const int32_t held = Upload(first, 120'000);
  Http2Client& second = Connect();
  const int32_t id = Upload(second, 135'000);
  ASSERT_TRUE(RunUntil([&] { return second.response(id).ended; }));
  EXPECT_EQ(second.response(id).status(), "503");
  EXPECT_TRUE(first.response(held).headers.empty());
  // Once the first is gone, there is space again.
  first.wire->Reset();
  ASSERT_TRUE(RunUntil([&] { return server_->connections() == 1; }));
  const int32_t again = Upload(second, 120'000);
  EXPECT_TRUE(second.response(again).headers.empty());
}

TEST_F(Http2ServerTest, TheMemoryOfAllIsBounded) {
  StartServer(SmallMemory());
  for (int i = 0; server_->held_bytes() < 400'000; ++i) {
    ASSERT_LT(i, 20);
    Http2Client& client = Connect(absl::StrCat("192.0.2.", 1 + i));
    const int32_t id = Upload(client, 20'000);
    EXPECT_TRUE(client.response(id).headers.empty());
  }
  // Less than an address may have.
  Http2Client& last = Connect("192.0.2.100");
  const int32_t id = Upload(last, 110'000);
  ASSERT_TRUE(RunUntil([&] { return last.response(id).ended; }));
  EXPECT_EQ(last.response(id).status(), "503");
  EXPECT_LE(server_->held_bytes(), 500'000u);
}

TEST_F(Http2ServerTest, ATrustedProxyMayHoldWhatAllMay) {
  StartServer(SmallMemory());
  Http2Client& client = Connect(kProxy);
  while (server_->held_bytes() < 300'000) {
    const int32_t id = Upload(client, 20'000);
    ASSERT_TRUE(client.response(id).headers.empty());
  }
  const int32_t large = Upload(client, 250'000);
  ASSERT_TRUE(RunUntil([&] { return client.response(large).ended; }));
  EXPECT_EQ(client.response(large).status(), "503");
  EXPECT_LE(server_->held_bytes(), 500'000u);
}

TEST_F(Http2ServerTest, AnAnswerThatHoldsTooMuchIsReset) {
  StartServer(SmallMemory());
  Http2Client& client = Connect("192.0.2.1", /*auto_window=*/false);
  const OpenedStream stream = OpenStream(client);
  const int32_t id = client.peer.Request(Http2Peer::Get("/"));
  Answer(NextRequest(), std::string(400'000, 'x'));
  ASSERT_TRUE(RunUntil([&] { return client.response(id).reset >= 0; }));
  EXPECT_EQ(client.response(id).reset, NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_LE(server_->held_bytes(), 250'000u);
  EXPECT_EQ(stream.closed->times.value(), 0);
  EXPECT_FALSE(client.over());
}

TEST_F(Http2ServerTest, WhatAServedRequestHoldsCountsUntilItsAnswer) {
  StartServer(SmallMemory());
  Http2Client& client = Connect();
  const int32_t id = client.peer.Request(Http2Peer::Get("/"));
  const auto exchange = NextRequest();
  exchange->Hold(100'000);
  Settle();
  EXPECT_EQ(server_->held_bytes(), 100'000u);
  bool aborted = false;
  exchange->OnAbort([&] { aborted = true; });
  exchange->Hold(300'000);
  ASSERT_TRUE(RunUntil([&] { return client.response(id).ended; }));
  EXPECT_EQ(client.response(id).status(), "503");
  EXPECT_TRUE(aborted);
  EXPECT_LE(server_->held_bytes(), 4096u);
}

}  // namespace
}  // namespace sse_bridge
