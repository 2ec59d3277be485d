// How long a connection of HTTP/2 waits for its client.

#include <functional>
#include <string>

#include "tests/unit/http2/http2_server_testing.h"

namespace sse_bridge {
namespace {

using testing::Http2Client;
using testing::OpenedStream;

class Http2TimeoutsTest : public testing::Http2ServerFixture {
 protected:
  // All differ, so that each test sees which one applies. They are checked once
  // a second.
  static ConnectionOptions Timeouts() {
    ConnectionOptions options;
    options.head_timeout = absl::Seconds(10);
    options.body_timeout = absl::Seconds(20);
    options.write_timeout = absl::Seconds(40);
    options.idle_timeout = absl::Seconds(80);
    return options;
  }
  // Whether it happens after `patience`, and not before.
  void ExpectAfter(absl::Duration patience,
                   const std::function<bool()>& condition) {
    const int64_t begin = Now();
    EXPECT_TRUE(RunUntil(condition));
    EXPECT_GE(Since(begin), patience - absl::Seconds(2));
    EXPECT_LE(Since(begin), patience + absl::Seconds(4));
  }
};

TEST_P(Http2TimeoutsTest, AClientThatAsksForNothingIsSentAway) {
  StartServer(Timeouts());
  const Http2Client& client = Connect();
  Settle();
  ExpectAfter(absl::Seconds(10), [&] { return client.peer.goaway == 0; });
  EXPECT_TRUE(RunUntil([&] { return server_->connections() == 0; }));
}

TEST_P(Http2TimeoutsTest, AnIdleClientIsSentAwayLater) {
  StartServer(Timeouts());
  Http2Client& client = Connect();
  Get(client);
  ExpectAfter(absl::Seconds(80), [&] { return client.peer.goaway == 0; });
  EXPECT_TRUE(RunUntil([&] { return server_->connections() == 0; }));
  EXPECT_EQ(Ended("protocol_error"), 0);
}

TEST_P(Http2TimeoutsTest, AClientWithAStreamIsNotIdle) {
  StartServer(Timeouts());
  Http2Client& client = Connect();
  const OpenedStream stream = OpenStream(client);
  RunFor(absl::Minutes(10));
  EXPECT_EQ(client.peer.goaway, -1);
  EXPECT_TRUE(Delivers(client, stream));
}

TEST_P(Http2TimeoutsTest, ARequestThatIsServedMayTakeAnyTime) {
  StartServer(Timeouts());
  Http2Client& client = Connect();
  const int32_t id = client.peer.Request(Http2Peer::Get("/"));
  const auto exchange = NextRequest();
  RunFor(absl::Minutes(10));
  Answer(exchange);
  ASSERT_TRUE(RunUntil([&] { return client.response(id).ended; }));
  EXPECT_EQ(client.response(id).status(), "200");
}

TEST_P(Http2TimeoutsTest, ABodyThatDoesNotArriveIsAnsweredWith408) {
  StartServer(Timeouts());
  Http2Client& client = Connect();
  const int32_t id = client.peer.Request(Http2Peer::Get("/"), "begins",
                                         /*has_body=*/true, /*ends=*/false);
  Settle();
  ExpectAfter(absl::Seconds(20), [&] { return client.response(id).ended; });
  EXPECT_EQ(client.response(id).status(), "408");
  EXPECT_EQ(Rejected("408"), 1);
  EXPECT_EQ(passed_, 0);
  EXPECT_EQ(Get(client).status(), "200");
}

TEST_P(Http2TimeoutsTest, AHeaderBlockThatDoesNotEndEndsTheConnection) {
  StartServer(Timeouts());
  Http2Client& client = Connect();
  client.wire->Send(client.peer.Take() +
                    Http2Peer::Frame(NGHTTP2_HEADERS, 0, 1, "\x82"));
  client.silent = true;
  Settle();
  ExpectAfter(absl::Seconds(20), [&] { return client.peer.goaway > 0; });
  EXPECT_EQ(client.peer.goaway, NGHTTP2_PROTOCOL_ERROR);
  Settle();
  EXPECT_EQ(Ended("protocol_error"), 1);
}

TEST_P(Http2TimeoutsTest, AnAnswerThatIsNotReadIsReset) {
  StartServer(Timeouts());
  Http2Client& client = Connect("192.0.2.1", /*auto_window=*/false);
  const OpenedStream stream = OpenStream(client);
  const int32_t id = client.peer.Request(Http2Peer::Get("/"));
  Answer(NextRequest(), std::string(100'000, 'x'));
  Settle();
  ExpectAfter(absl::Seconds(40),
              [&] { return client.response(id).reset >= 0; });
  EXPECT_EQ(client.response(id).reset, NGHTTP2_CANCEL);
  EXPECT_EQ(client.peer.goaway, -1);
  EXPECT_EQ(stream.closed->times.value(), 0);
}

TEST_P(Http2TimeoutsTest, AClientThatReadsNothingIsCutOffAndCounted) {
  StartServer(Timeouts());
  ConnectWithoutReading("192.0.2.1", 1'000'000);
  Settle();
  EXPECT_EQ(server_->connections(), 1u);
  ExpectAfter(absl::Seconds(40), [&] { return server_->connections() == 0; });
  EXPECT_EQ(Ended("write_timeout"), 1);
  EXPECT_EQ(server_->held_bytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Http2TimeoutsTest,
                         ::testing::Range(testing::kFirstSeed,
                                          testing::kSeedsEnd));

}  // namespace
}  // namespace sse_bridge
