// How the server treats clients that send too much, too slowly or nothing, and
// too many clients.

#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/time/clock.h"
#include "bridge/access/rate_limiter.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/net/transport.h"
#include "tests/unit/http/server_testing.h"
#include "tests/unit/net/manual_clock.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using testing::GetRequest;
using ::testing::HasSubstr;
using testing::LoopbackClient;
using ::testing::Pair;
using testing::WireAnswer;

class ServerLimitsTest : public testing::ServerFixture {
 protected:
  // Long deadlines. A test shortens those that it waits for.
  static HttpServer::Options Patient() {
    HttpServer::Options options;
    options.head_timeout = options.body_timeout = options.idle_timeout =
        options.write_timeout = absl::Seconds(60);
    return options;
  }

  ManualClock clock_;  // used only if a test sets Options::clock
};

constexpr absl::Duration kSoon = absl::Milliseconds(100);

TEST_F(ServerLimitsTest, RefusalsAreJsonErrorsAndEndTheConnection) {
  StartServer();
  const std::pair<std::string, int> cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\n", 505},
      {"GET /" + std::string(9000, 'a'), 414},
      {GetRequest("/", "A: " + std::string(17'000, 'a') + "\r\n"), 431},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
  };
  for (const auto& [bytes, status] : cases) {
    LoopbackClient client = Connect();
    client.Send(bytes);
    const WireAnswer answer = client.Read();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.Header("Content-Type"), "application/json");
    EXPECT_EQ(answer.Header("Connection"), "close");
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    ASSERT_TRUE(json.is_object());
    EXPECT_EQ(json["error"]["code"], status);
    EXPECT_TRUE(client.AtEnd());
  }
}

TEST_F(ServerLimitsTest, TheAnswerIsNotLostIfTheClientKeepsSending) {
  StartServer();
  LoopbackClient client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
  client.Send(std::string(500'000, 'b'));
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(ServerLimitsTest, NothingAfterARefusalIsServed) {
  StartServer();
  LoopbackClient client = Connect();
  client.Send(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
      GetRequest("/smuggled"));
  const std::string all = client.ReadToEnd();
  EXPECT_THAT(all, HasSubstr(" 400 "));
  EXPECT_THAT(all, ::testing::Not(HasSubstr("smuggled")));
}

TEST_F(ServerLimitsTest, SlowHeadsAreDroppedAtTheirDeadline) {
  HttpServer::Options options = Patient();
  options.head_timeout = kSoon;
  StartServer(options);
  LoopbackClient silent = Connect(), slow = Connect(), second = Connect();
  slow.Send("GET / HT");
  second.Send(GetRequest("/") + "GET /sec");
  EXPECT_EQ(second.Read().status, 200);
  EXPECT_EQ(second.Read().status, 408);
  EXPECT_EQ(slow.Read().status, 408);
  EXPECT_TRUE(slow.AtEnd());
  // A client that has sent nothing gets no answer.
  EXPECT_TRUE(silent.AtEnd());
}

TEST_F(ServerLimitsTest, AnotherByteDoesNotMoveTheDeadline) {
  HttpServer::Options options = Patient();
  options.head_timeout = kSoon;
  StartServer(options);
  LoopbackClient client = Connect();
  const absl::Time start = absl::Now();
  while (absl::Now() < start + 3 * kSoon) {
    client.Send("x");
    absl::SleepFor(kSoon / 20);
  }
  EXPECT_EQ(client.Read().status, 408);
}

TEST_F(ServerLimitsTest, SlowBodiesAreDroppedAtTheirDeadline) {
  HttpServer::Options options = Patient();
  options.body_timeout = kSoon;
  StartServer(options);
  LoopbackClient client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
  const WireAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_THAT(answer.body, HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerLimitsTest, IdleConnectionsEndSilently) {
  HttpServer::Options options = Patient();
  options.idle_timeout = kSoon;
  StartServer(options);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerLimitsTest, TimeoutsFollowTheClock) {
  HttpServer::Options options = Patient();
  options.clock = &clock_;
  StartServer(options);
  LoopbackClient idle = Connect();
  idle.Send(GetRequest("/"));
  EXPECT_EQ(idle.Read().status, 200);
  clock_.Advance(options.idle_timeout);
  LoopbackClient next = Connect();  // wakes the listener
  EXPECT_TRUE(idle.AtEnd());
  next.Send(GetRequest("/"));
  EXPECT_EQ(next.Read().status, 200);
}

TEST_F(ServerLimitsTest, AClientThatDoesNotReadItsAnswerIsDropped) {
  HttpServer::Options options = Patient();
  options.write_timeout = kSoon;
  StartServer(options, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  const std::string body(size_t{64} << 20, 'b');
  Next()->Respond({200, {}, body});
  EXPECT_TRUE(server_->WaitUntilIdle(absl::Now() + absl::Seconds(20)));
  EXPECT_LT(client.ReadToEnd().size(), body.size());
}

TEST_F(ServerLimitsTest, WaitingForAnAnswerHasNoDeadline) {
  HttpServer::Options options;
  options.head_timeout = options.body_timeout = options.idle_timeout =
      options.write_timeout = kSoon / 2;
  StartServer(options, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  const auto exchange = Next();
  absl::SleepFor(2 * kSoon);
  exchange->Respond({200, {}, "x"});
  EXPECT_EQ(client.Read().body, "x");
}

TEST_F(ServerLimitsTest, SlowConnectionsDoNotHoldUpOthers) {
  StartServer(Patient());
  std::vector<LoopbackClient> slow;
  for (int i = 0; i < 1500; ++i) {
    slow.push_back(Connect());
    slow.back().Send(i % 2 ? "GET / HTTP/1.1\r\nX-a: b\r\n"
                           : "POST / HTTP/1.1\r\nHost: h\r\n"
                             "Content-Length: 1000\r\n\r\nabc");
  }
  // With one worker per connection, this would hang.
  for (int i = 0; i < 100; ++i) {
    LoopbackClient client = Connect();
    client.Send(GetRequest("/"));
    EXPECT_EQ(client.Read().status, 200);
    slow[static_cast<size_t>(i)].Send("c");
  }
}

TEST_F(ServerLimitsTest, ConnectionsBeyondTheLimitAreAnsweredWith503) {
  HttpServer::Options options = Patient();
  options.max_connections = 2;
  StartServer(options, /*echoes=*/false);
  LoopbackClient first = Connect(), second = Connect();
  first.Send(GetRequest("/1"));
  second.Send(GetRequest("/2"));
  const auto one = Next(), two = Next();
  LoopbackClient third = Connect();
  const WireAnswer answer = third.Read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.Header("Retry-After"), "");
  EXPECT_TRUE(third.AtEnd());
  one->Respond({200, {}, ""});
  two->Respond({200, {}, ""});
}

TEST_F(ServerLimitsTest, AddressThatConnectsTooOftenIsAnsweredWith429) {
  RateLimiter::Options rate;
  rate.per_second = 0.001;
  RateLimiter limiter(rate);
  LabelledCounter rejections;
  HttpServer::Options options = Patient();
  options.handshake.rate = &limiter;
  options.rejections = &rejections;
  options.headers_for_origin = [](absl::string_view) {
    return HttpHeaders{{"Access-Control-Allow-Origin", "*"}};
  };
  StartServer(options);
  LoopbackClient first = Connect(), second = Connect();
  const WireAnswer answer = second.Read();
  EXPECT_EQ(answer.status, 429);
  EXPECT_NE(answer.Header("Retry-After"), "");
  EXPECT_EQ(answer.Header("Access-Control-Allow-Origin"), "*");
  EXPECT_TRUE(second.AtEnd());
  EXPECT_THAT(rejections.Snapshot(), ElementsAre(Pair(Pair("429", ""), 1)));
  first.Send(GetRequest("/"));
  EXPECT_EQ(first.Read().status, 200);
  server_.reset();
}

// As TLS: the client would not understand an answer.
class TransportWithHandshake : public Transport {
 public:
  bool has_handshake() const override { return true; }
  std::unique_ptr<Socket> Wrap(std::unique_ptr<Socket> socket) const override {
    return socket;
  }
};

TEST_F(ServerLimitsTest, NothingIsSentBeforeTheHandshake) {
  const TransportWithHandshake transport;
  RateLimiter::Options rate;
  rate.per_second = 0.001;
  RateLimiter limiter(rate);
  LabelledCounter rejections;
  HttpServer::Options options = Patient();
  options.handshake.transport = &transport;
  options.handshake.rate = &limiter;
  options.rejections = &rejections;
  StartServer(options);
  LoopbackClient first = Connect(), second = Connect();
  EXPECT_EQ(second.ReadToEnd(), "");
  EXPECT_THAT(rejections.Snapshot(), ElementsAre(Pair(Pair("429", ""), 1)));
  first.Send(GetRequest("/"));
  EXPECT_EQ(first.Read().status, 200);
  server_.reset();
}

TEST_F(ServerLimitsTest, IdleConnectionsAreClosedForNewOnes) {
  HttpServer::Options options = Patient();
  options.max_connections = 2;
  StartServer(options);
  LoopbackClient first = Connect(), second = Connect();
  for (LoopbackClient* each : {&first, &second}) {
    each->Send(GetRequest("/"));
    EXPECT_EQ(each->Read().status, 200);
  }
  LoopbackClient third = Connect();
  third.Send(GetRequest("/"));
  EXPECT_EQ(third.Read().status, 200);
  EXPECT_TRUE(first.AtEnd());
  second.Send(GetRequest("/"));
  EXPECT_EQ(second.Read().status, 200);
}

TEST_F(ServerLimitsTest, StreamsDoNotCountAsConnectionsOfTheListener) {
  HttpServer::Options options = Patient();
  options.max_connections = 1;
  StartServer(options, /*echoes=*/false);
  LoopbackClient stream = Connect();
  stream.Send(GetRequest("/"));
  const std::unique_ptr<Socket> socket = Next()->DetachForStream().socket;
  // The listener has now released the stream's connection.
  ASSERT_TRUE(server_->WaitUntilIdle(absl::Now() + absl::Seconds(20)));
  LoopbackClient other = Connect();
  other.Send(GetRequest("/"));
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(other.Read().status, 200);
}

TEST_F(ServerLimitsTest, WaitingRequestsAreBounded) {
  HttpServer::Options options = Patient();
  options.max_waiting_requests = 0;
  StartServer(options);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  EXPECT_EQ(client.Read().status, 503);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerLimitsTest, LargeUnfinishedRequestsAreBoundedTogether) {
  HttpServer::Options options = Patient();
  options.max_buffered_bytes = 800'000;
  StartServer(options);
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 250001\r\n\r\n";
  LoopbackClient large = Connect(), larger = Connect();
  large.Send(head + std::string(250'000, 'b'));
  larger.Send(head + std::string(250'000, 'b'));
  // One of them does not fit. Small requests fit, and so does the other one.
  pollfd both[] = {{large.fd(), POLLIN, 0}, {larger.fd(), POLLIN, 0}};
  ASSERT_EQ(::poll(both, 2, /*timeout=*/20'000), 1);
  const bool first = both[0].revents != 0;
  EXPECT_EQ((first ? large : larger).Read().status, 503);
  LoopbackClient small = Connect();
  small.Send(GetRequest("/"));
  EXPECT_EQ(small.Read().status, 200);
  LoopbackClient& fits = first ? larger : large;
  fits.Send("b");
  EXPECT_EQ(fits.Read().status, 200);
}

}  // namespace
}  // namespace sse_bridge
