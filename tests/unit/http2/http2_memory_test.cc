// What requests and answers of HTTP/2 may hold of the memory.

#include <string>

#include "absl/strings/str_cat.h"
#include "bridge/access/client_address.h"
#include "tests/unit/http2/http2_server_testing.h"

namespace sse_bridge {
namespace {

using testing::Http2Client;
using testing::OpenedStream;

constexpr char kTrusted[] = "10.0.0.1";

class Http2MemoryTest : public testing::Http2ServerFixture {
 protected:
  // All requests and answers may hold 500,000 bytes, those of an address half.
  static ConnectionOptions SmallMemory() {
    ConnectionOptions options;
    options.max_buffered_bytes = 1'000'000;
    options.handshake.proxies = *TrustedProxies::Create({kTrusted});
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
};

// A body takes up to twice its size: it grows while it arrives.

TEST_P(Http2MemoryTest, TheLargestRequestOfAnAddressWithTooMuchIsRefused) {
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

TEST_P(Http2MemoryTest, ConnectionsOfAnAddressShareItsMemory) {
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

TEST_P(Http2MemoryTest, TheMemoryOfAllIsBounded) {
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

TEST_P(Http2MemoryTest, ATrustedProxyMayHoldWhatAllMay) {
  StartServer(SmallMemory());
  Http2Client& client = Connect(kTrusted);
  while (server_->held_bytes() < 300'000) {
    const int32_t id = Upload(client, 20'000);
    ASSERT_TRUE(client.response(id).headers.empty());
  }
  const int32_t large = Upload(client, 250'000);
  ASSERT_TRUE(RunUntil([&] { return client.response(large).ended; }));
  EXPECT_EQ(client.response(large).status(), "503");
  EXPECT_LE(server_->held_bytes(), 500'000u);
}

TEST_P(Http2MemoryTest, AnAnswerThatHoldsTooMuchIsReset) {
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

TEST_P(Http2MemoryTest, WhatAServedRequestHoldsCountsUntilItsAnswer) {
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

INSTANTIATE_TEST_SUITE_P(Seeds, Http2MemoryTest,
                         ::testing::Range(testing::kFirstSeed,
                                          testing::kSeedsEnd));

}  // namespace
}  // namespace sse_bridge
