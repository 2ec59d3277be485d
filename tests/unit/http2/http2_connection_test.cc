// A connection of HTTP/2 on a loop of delivery: its requests, its streams and
// its end.

#include "bridge/http2/http2_connection.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/http2/http2_server_testing.h"

namespace sse_bridge {
namespace {

using testing::Http2Client;
using testing::OpenedStream;

class Http2ConnectionTest : public testing::Http2ServerFixture {
 protected:
  // Frames that cost more points than a connection has.
  static std::string PingFlood() {
    std::string flood;
    for (int i = 0; i < 1000; ++i) {
      flood += Http2Peer::Frame(NGHTTP2_PING, 0, 0, "12345678");
    }
    return flood;
  }
  // A connection that has had its GOAWAY.
  Http2Client& Flooder() {
    Http2Client& client = Connect();
    client.wire->Send(client.peer.Take() + PingFlood());
    EXPECT_TRUE(RunUntil([&] { return client.peer.goaway >= 0; }));
    return client;
  }
};

TEST_P(Http2ConnectionTest, ARequestIsPassedOnOnceAndAnswered) {
  StartServer();
  Http2Client& client = Connect();
  const int32_t id = client.peer.Request({{":method", "POST"},
                                          {":scheme", "http"},
                                          {":authority", "a"},
                                          {":path", "/v1/x?a=b"}},
                                         "body", /*has_body=*/true);
  const auto exchange = NextRequest();
  EXPECT_EQ(exchange->verb(), "POST");
  EXPECT_EQ(exchange->target(), "/v1/x?a=b");
  EXPECT_EQ(exchange->body(), "body");
  EXPECT_EQ(exchange->peer_address(), "192.0.2.1");
  EXPECT_FALSE(Idle());

  exchange->Respond({201, {{"x-one", "1"}}, "made"});
  ASSERT_TRUE(RunUntil([&] { return client.response(id).ended; }));
  EXPECT_EQ(client.response(id).status(), "201");
  EXPECT_EQ(client.response(id).header("x-one"), "1");
  EXPECT_EQ(client.response(id).body, "made");
  Settle();
  EXPECT_EQ(passed_, 1);
  EXPECT_TRUE(Idle());
  EXPECT_EQ(server_->held_bytes(), 0u);
  EXPECT_FALSE(client.over());
}

TEST_P(Http2ConnectionTest, BytesReadBeforeItWasAcceptedAreProcessed) {
  StartServer();
  Http2Client& client = ConnectWithRequest();
  Answer(NextRequest());
  EXPECT_TRUE(RunUntil([&] { return client.response(1).ended; }));
}

TEST_P(Http2ConnectionTest, RequestsThatArriveTogetherAreAllAnswered) {
  StartServer();
  Http2Client& client = Connect();
  std::vector<int32_t> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(client.peer.Request(Http2Peer::Get(absl::StrCat("/", i))));
  }
  ASSERT_TRUE(RunUntil([&] { return requests_.size() == ids.size(); }));
  // The last one first.
  for (auto it = requests_.rbegin(); it != requests_.rend(); ++it) {
    Answer(*it, std::string((*it)->raw_path()));
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(RunUntil([&] { return client.response(ids[i]).ended; }));
    EXPECT_EQ(client.response(ids[i]).body, absl::StrCat("/", i));
  }
}

TEST_P(Http2ConnectionTest, ARequestBeyondALimitIsRefusedAndNotPassedOn) {
  ConnectionOptions options;
  options.framing.max_body_bytes = 10;
  StartServer(options);
  Http2Client& client = Connect();
  const int32_t id = client.peer.Request(Http2Peer::Get("/"), "more than ten",
                                         /*has_body=*/true);
  ASSERT_TRUE(RunUntil([&] { return client.response(id).ended; }));
  EXPECT_EQ(client.response(id).status(), "413");
  EXPECT_EQ(Rejected("413"), 1);
  EXPECT_EQ(passed_, 0);
  EXPECT_EQ(Get(client).status(), "200");
}

TEST_P(Http2ConnectionTest, AStreamWhoseWindowIsClosedDelaysNoOther) {
  StartServer();
  Http2Client& client = Connect("192.0.2.1", /*auto_window=*/false);
  const OpenedStream unread = OpenStream(client);
  const OpenedStream read = OpenStream(client);
  delivery_->Send(unread.ref, Event(std::string(100'000, 'x')));
  Settle();
  const size_t got = client.response(unread.id).body.size();
  EXPECT_GT(got, 0u);
  EXPECT_LT(got, 65'536u);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Delivers(client, read));
  EXPECT_EQ(client.response(unread.id).body.size(), got);
  EXPECT_EQ(Get(client).body, "ok");

  // It gets the rest as soon as the client reads it.
  for (const int32_t id : {0, unread.id}) {
    nghttp2_submit_window_update(client.peer.session, 0, id, 100'000);
  }
  EXPECT_TRUE(RunUntil(
      [&] { return client.response(unread.id).body.size() > 100'000; }));
}

TEST_P(Http2ConnectionTest, TheEndOfAStreamLeavesTheConnectionOpen) {
  StartServer();
  Http2Client& client = Connect();
  const OpenedStream ended = OpenStream(client);
  const OpenedStream other = OpenStream(client);
  delivery_->Close(ended.ref, CloseReason::kEnded, Event("bye"));
  ASSERT_TRUE(RunUntil([&] { return client.response(ended.id).ended; }));
  EXPECT_EQ(client.response(ended.id).body, "data: bye\n\n");
  EXPECT_EQ(client.response(ended.id).reset, -1);
  EXPECT_TRUE(Delivers(client, other));
  EXPECT_EQ(Get(client).status(), "200");
}

TEST_P(Http2ConnectionTest, AClientThatResetsAStreamEndsThatStreamOnly) {
  StartServer();
  Http2Client& client = Connect();
  const OpenedStream stream = OpenStream(client);
  const OpenedStream other = OpenStream(client);
  const int32_t waiting = client.peer.Request(Http2Peer::Get("/"));
  const auto exchange = NextRequest();
  bool aborted = false;
  exchange->OnAbort([&] { aborted = true; });
  for (const int32_t id : {stream.id, waiting}) {
    nghttp2_submit_rst_stream(client.peer.session, 0, id, NGHTTP2_CANCEL);
  }
  ASSERT_TRUE(RunUntil([&] { return aborted; }));
  EXPECT_TRUE(RunUntil([&] { return stream.closed->times.value() == 1; }));
  EXPECT_EQ(stream.closed->Wait().reason, CloseReason::kClientGone);
  EXPECT_TRUE(Idle());
  Answer(exchange);  // too late
  EXPECT_TRUE(Delivers(client, other));
  EXPECT_EQ(other.closed->times.value(), 0);
}

TEST_P(Http2ConnectionTest, AClientThatResetsTheConnectionEndsAllOfIt) {
  StartServer();
  Http2Client& client = Connect();
  const OpenedStream stream = OpenStream(client);
  client.peer.Request(Http2Peer::Get("/"));
  const auto exchange = NextRequest();
  bool aborted = false;
  exchange->OnAbort([&] { aborted = true; });
  client.wire->Reset();
  ASSERT_TRUE(RunUntil([&] { return server_->connections() == 0; }));
  EXPECT_TRUE(aborted);
  EXPECT_EQ(stream.closed->times.value(), 1);
  EXPECT_TRUE(Idle());
  EXPECT_EQ(server_->held_bytes(), 0u);
  Answer(exchange);
  Settle();
  EXPECT_EQ(network_.open_sockets(), 0u);
}

TEST_P(Http2ConnectionTest, AFloodEndsTheConnectionAndIsCounted) {
  StartServer();
  Http2Client& other = Connect("192.0.2.2");
  const OpenedStream stream = OpenStream(other);
  const Http2Client& client = Flooder();
  EXPECT_EQ(client.peer.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  Settle();
  EXPECT_EQ(Ended("flood"), 1);
  EXPECT_TRUE(Delivers(other, stream));
  EXPECT_EQ(server_->connections(), 2u) << "it lingers";
}

TEST_P(Http2ConnectionTest, AFloodOfAClientThatReadsNothingIsCounted) {
  StartServer();
  Http2Client& client = ConnectWithoutReading("192.0.2.1", 200'000);
  Settle();
  // No GOAWAY can be written.
  ASSERT_TRUE(SendUntil(client, PingFlood(),
                        [&] { return server_->connections() == 0; }));
  EXPECT_EQ(Ended("flood"), 1);
}

TEST_P(Http2ConnectionTest, MalformedFramesEndTheConnectionAndAreCounted) {
  StartServer();
  Http2Client& client = Connect();
  client.wire->Send(client.peer.Take() +
                    Http2Peer::Frame(NGHTTP2_PING, 0, 0, "short"));
  ASSERT_TRUE(RunUntil([&] { return client.peer.goaway >= 0; }));
  EXPECT_NE(client.peer.goaway, NGHTTP2_NO_ERROR);
  Settle();
  EXPECT_EQ(Ended("protocol_error"), 1);
}

TEST_P(Http2ConnectionTest, AHeadFarBeyondItsLimitEndsTheConnection) {
  ConnectionOptions options;
  options.framing.max_head_bytes = 1000;
  options.framing.max_event_id_line_bytes = 0;
  StartServer(options);
  Http2Client& client = Connect();
  Http2Peer::Fields fields = Http2Peer::Get("/");
  fields.emplace_back("x", std::string(10'000, 'x'));
  client.peer.Request(fields);
  ASSERT_TRUE(RunUntil([&] { return client.peer.goaway >= 0; }));
  EXPECT_EQ(client.peer.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  Settle();
  EXPECT_EQ(Ended("head_too_large"), 1);
}

TEST_P(Http2ConnectionTest, WaitingForTheClientToCloseIsBoundedInTime) {
  StartServer();
  const Http2Client& client = Flooder();
  const int64_t begin = Now();
  EXPECT_EQ(server_->connections(), 1u);
  ASSERT_TRUE(RunUntil([&] { return server_->connections() == 0; }));
  EXPECT_GE(Since(begin), absl::Seconds(1));
  EXPECT_LE(Since(begin), absl::Seconds(4));
  Settle();
  EXPECT_TRUE(client.wire->ended());
}

TEST_P(Http2ConnectionTest, AClientThatClosesAfterGoAwayIsNotWaitedFor) {
  StartServer();
  Http2Client& client = Flooder();
  const int64_t begin = Now();
  client.wire->Close();
  ASSERT_TRUE(RunUntil([&] { return server_->connections() == 0; }));
  EXPECT_LT(Since(begin), absl::Seconds(1));
}

TEST_P(Http2ConnectionTest, WhatIsReadAfterGoAwayIsBoundedInBytes) {
  StartServer();
  Http2Client& client = Flooder();
  const size_t before = *client.read_by_server;
  const int64_t begin = Now();
  ASSERT_TRUE(SendUntil(client, std::string(50'000, 'x'),
                        [&] { return server_->connections() == 0; }));
  EXPECT_LT(Since(begin), absl::Seconds(1));
  EXPECT_LE(*client.read_by_server - before, size_t{1100} << 10);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Http2ConnectionTest,
                         ::testing::Range(testing::kFirstSeed,
                                          testing::kSeedsEnd));

}  // namespace
}  // namespace sse_bridge
