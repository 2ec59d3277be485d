// Limits on the memory and descriptors that the server's connections hold
// together, and which connection is closed or refused.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include <list>
#include <vector>

#include "absl/time/clock.h"
#include "bridge/http/request_queue.h"
#include "tests/unit/http/server_testing.h"

namespace sse_bridge {
namespace {

using testing::GetRequest;
using ::testing::HasSubstr;
using testing::LoopbackClient;
using testing::Signal;
using testing::WireAnswer;

std::string PostOf(size_t body_bytes) {
  return absl::StrCat("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ",
                      body_bytes, "\r\n\r\n", std::string(body_bytes, 'b'));
}

// Waits until something has come for one of them.
std::list<LoopbackClient>::iterator FirstAnswered(
    std::list<LoopbackClient>& clients) {
  std::vector<pollfd> polled;
  for (const LoopbackClient& client : clients) {
    polled.push_back({client.fd(), POLLIN, 0});
  }
  constexpr int kPatienceMs = 20'000;
  poll(polled.data(), polled.size(), kPatienceMs);
  auto client = clients.begin();
  for (const pollfd& each : polled) {
    if (each.revents != 0) return client;
    ++client;
  }
  return clients.begin();
}

class ServerBoundsTest : public testing::ServerFixture {
 protected:
  static HttpServer::Options Patient() {
    HttpServer::Options options;
    options.head_timeout = options.body_timeout = options.idle_timeout =
        options.write_timeout = absl::Seconds(60);
    return options;
  }

  // Requests with long bodies wait for Release on their worker.
  void StartSlowServer(HttpServer::Options options) {
    server_ = std::make_unique<HttpServer>(std::move(options));
    ASSERT_TRUE(server_->Bind().ok());
    server_->Start([this](std::shared_ptr<HttpExchange> exchange) {
      if (exchange->body().size() > RequestQueue::kShortBodyBytes) {
        release_.Wait();
      }
      exchange->Respond({200, {}, absl::StrCat(exchange->body().size())});
    });
  }

  Signal release_;
};

// One address may hold half of the limit.
TEST_F(ServerBoundsTest, BodiesCountUntilTheyAreAnswered) {
  HttpServer::Options options = Patient();
  options.max_buffered_bytes = size_t{4} << 20;
  StartServer(options, /*echoes=*/false);
  constexpr size_t kBody = size_t{900} << 10;
  LoopbackClient first = Connect(), second = Connect(), third = Connect();
  first.Send(PostOf(kBody));
  auto one = Next();
  second.Send(PostOf(kBody));
  auto two = Next();
  third.Send(PostOf(kBody));
  const WireAnswer refused = third.Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.Header("Retry-After"), "");
  EXPECT_TRUE(third.AtEnd());

  // A small one fits, and another large one once the first is answered.
  LoopbackClient small = Connect();
  small.Send(GetRequest("/"));
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(small.Read().status, 200);
  one->Respond({200, {}, ""});
  EXPECT_EQ(first.Read().status, 200);
  LoopbackClient fourth = Connect();
  fourth.Send(PostOf(kBody));
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(fourth.Read().status, 200);
  two->Respond({200, {}, ""});
  EXPECT_EQ(second.Read().status, 200);
}

TEST_F(ServerBoundsTest, MemoryHeldForABodyCountsToo) {
  HttpServer::Options options = Patient();
  options.max_buffered_bytes = size_t{4} << 20;
  StartServer(options, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(PostOf(100'000));
  auto exchange = Next();
  Signal aborted;
  exchange->OnAbort([&aborted] { aborted.Set(); });
  exchange->Hold((size_t{2} << 20) - 10'000);
  LoopbackClient small = Connect();
  small.Send(GetRequest("/"));
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(small.Read().status, 200);
  EXPECT_EQ(aborted.count(), 0) << "at the bound";
  exchange->Hold((size_t{2} << 20) + 1);
  EXPECT_EQ(client.Read().status, 503);
  // The worker is told that the request was aborted.
  aborted.Wait();
  exchange->Respond({200, {}, ""});
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerBoundsTest, BodiesThatWaitForAWorkerAreRefusedBeyondTheLimit) {
  HttpServer::Options options = Patient();
  options.max_buffered_bytes = size_t{4} << 20;
  StartSlowServer(options);
  constexpr int kClients = 8;
  constexpr size_t kBody = size_t{600} << 10;
  std::list<LoopbackClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(Connect());
    clients.back().Send(PostOf(kBody));
  }
  // Three of them fit into half of the bound. The others are refused while the
  // workers are still busy, in whatever order their bytes come.
  constexpr int kFit = 3;
  while (clients.size() > kFit) {
    const auto refused = FirstAnswered(clients);
    EXPECT_EQ(refused->Read().status, 503);
    clients.erase(refused);
  }
  release_.Set();
  int served = 0;
  for (LoopbackClient& client : clients) {
    const int status = client.Read().status;
    EXPECT_TRUE(status == 200 || status == 503) << status;
    served += status == 200;
  }
  EXPECT_GE(served, 1);
}

TEST_F(ServerBoundsTest, ShortRequestsDoNotWaitForLongOnes) {
  StartSlowServer(Patient());
  std::vector<LoopbackClient> slow;
  for (int i = 0; i < 10; ++i) {
    slow.push_back(Connect());
    slow.back().Send(PostOf(RequestQueue::kShortBodyBytes + 1));
  }
  for (int i = 0; i < 20; ++i) {
    LoopbackClient client = Connect();
    client.Send(GetRequest("/"));
    EXPECT_EQ(client.Read().body, "0");
  }
  release_.Set();
  for (LoopbackClient& each : slow) EXPECT_EQ(each.Read().status, 200);
}

TEST_F(ServerBoundsTest, UnreadAnswersAreCutBeyondTheLimit) {
  HttpServer::Options options = Patient();
  options.max_buffered_bytes = size_t{80} << 20;
  StartServer(options, /*echoes=*/false);
  const std::string body(size_t{16} << 20, 'b');
  std::vector<LoopbackClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Connect());
    clients.back().Send(GetRequest("/"));
    Next()->Respond({200, {}, body});
  }
  // A client that reads while its answer is written leaves nothing to cut. So
  // wait until the listener is done with them: it serves others afterwards.
  LoopbackClient other = Connect();
  for (int i = 0; i < 2; ++i) {
    other.Send(GetRequest("/"));
    Next()->Respond({200, {}, ""});
    EXPECT_EQ(other.Read().status, 200);
  }
  // The third exceeds half of the limit.
  EXPECT_LT(clients[2].ReadToEnd().size(), body.size());
  EXPECT_EQ(clients[0].Read().body.size(), body.size());
  EXPECT_EQ(clients[1].Read().body.size(), body.size());
  // They no longer count.
  LoopbackClient next = Connect();
  next.Send(GetRequest("/"));
  Next()->Respond({200, {}, body});
  EXPECT_EQ(next.Read().body.size(), body.size());
}

TEST_F(ServerBoundsTest, TheLongestWaitingConnectionOfAnAddressIsClosed) {
  HttpServer::Options options = Patient();
  options.max_connections_per_address = 3;
  StartServer(options, /*echoes=*/false);
  // A connection whose request is being served does not wait for its client,
  // and stays open.
  LoopbackClient served = Connect();
  served.Send(GetRequest("/"));
  const auto exchange = Next();
  LoopbackClient silent = Connect(), half = Connect(), idle = Connect();
  half.Send("GET / HT");
  idle.Send(GetRequest("/"));
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(idle.Read().status, 200);
  LoopbackClient next = Connect();
  EXPECT_TRUE(silent.AtEnd());
  next.Send(GetRequest("/"));
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(next.Read().status, 200);
  half.Send("TP/1.1\r\nHost: h\r\n\r\n");
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(half.Read().status, 200);
  exchange->Respond({200, {}, ""});
  EXPECT_EQ(served.Read().status, 200);
}

TEST_F(ServerBoundsTest, ConnectionsOfTrustedProxiesAreNotLimited) {
  HttpServer::Options options = Patient();
  options.max_connections_per_address = 1;
  options.handshake.proxies = *TrustedProxies::Create({"127.0.0.0/8"});
  StartServer(options);
  std::vector<LoopbackClient> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(Connect());
  for (LoopbackClient& each : clients) {
    each.Send(GetRequest("/"));
    EXPECT_EQ(each.Read().status, 200);
  }
}

TEST_F(ServerBoundsTest, TheOldestUnfinishedRequestIsClosedForANewConnection) {
  const std::string half_body =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc";
  for (const std::string& sent :
       {std::string(), std::string("GET / HT"), half_body}) {
    SCOPED_TRACE(sent);
    HttpServer::Options options = Patient();
    options.max_connections = 3;
    StartServer(options);
    std::vector<LoopbackClient> unfinished;
    for (int i = 0; i < 3; ++i) {
      unfinished.push_back(Connect());
      unfinished.back().Send(sent);
    }
    for (int i = 0; i < 3; ++i) {
      LoopbackClient client = Connect();
      client.Send(GetRequest("/"));
      EXPECT_EQ(client.Read().status, 200);
    }
    EXPECT_TRUE(unfinished[0].AtEnd());
    server_.reset();
  }
}

TEST_F(ServerBoundsTest, TheLastDescriptorsAreReserved) {
  constexpr int kSilent = 50, kBusy = 60, kSlack = 20;
  HttpServer::Options options = Patient();
  options.workers = 1;  // keeps requests in order
  const int next_fd = fcntl(0, F_DUPFD, 3);
  close(next_fd);
  // The listening socket, the clients' sockets, which this process holds too,
  // three other descriptors of the listener, and space for kSlack connections.
  options.max_descriptor = next_fd + 1 + kSilent + 1 + kBusy + 3 + kSlack;
  server_ = std::make_unique<HttpServer>(options);
  ASSERT_TRUE(server_->Bind().ok());
  std::vector<LoopbackClient> silent, busy;
  for (int i = 0; i < kSilent; ++i) silent.push_back(Connect());
  LoopbackClient client = Connect();
  client.Send(GetRequest("/client"));
  for (int i = 0; i < kBusy; ++i) {
    busy.push_back(Connect());
    busy.back().Send(GetRequest("/busy"));
  }
  StartHandling();

  // Requests that have arrived are served. If no connection waits for its
  // client, the new one is refused.
  const auto exchange = Next();
  EXPECT_EQ(exchange->target(), "/client");
  EXPECT_EQ(busy.back().Read().status, 503);
  EXPECT_TRUE(silent[0].AtEnd());
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(busy.front().Read().status, 200);
  exchange->Respond({200, {}, ""});
  EXPECT_EQ(client.Read().status, 200);
}

class RefusedHeadsTest : public ServerBoundsTest {
 protected:
  void StartWith(bool need_origin) {
    HttpServer::Options options = Patient();
    options.headers_need_origin = need_origin;
    options.headers_for_origin = [](absl::string_view origin) {
      return HttpHeaders{{"X-Origin", absl::StrCat("<", origin, ">")}};
    };
    StartServer(options);
  }
};

TEST_F(RefusedHeadsTest, AreReadFurtherToFindTheOrigin) {
  StartWith(/*need_origin=*/true);
  const std::string too_long = "GET /" + std::string(9000, 'a');
  LoopbackClient client = Connect(), ending = Connect(), large = Connect();
  client.Send(too_long);
  absl::SleepFor(absl::Milliseconds(20));
  client.Send(" HTTP/1.1\r\nHost: h\r\nOrigin: https://a\r\n\r\n");
  WireAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 414);
  EXPECT_EQ(answer.Header("X-Origin"), "<https://a>");
  EXPECT_TRUE(client.AtEnd());

  // Only for a limited time, until the client ends, and up to a limit.
  LoopbackClient silent = Connect();
  silent.Send(too_long);
  ending.Send(too_long);
  ending.EndSending();
  large.Send("GET /" + std::string(80'000, 'a'));
  for (LoopbackClient* each : {&silent, &ending, &large}) {
    answer = each->Read();
    EXPECT_EQ(answer.status, 414);
    EXPECT_EQ(answer.Header("X-Origin"), "<>");
  }
}

TEST_F(RefusedHeadsTest, AreAnsweredAtOnceIfTheOriginDoesNotMatter) {
  StartWith(/*need_origin=*/false);
  LoopbackClient client = Connect();
  client.Send("GET / HTTP/2.0\r\n");
  EXPECT_EQ(client.Read().status, 505);
}

TEST_F(RefusedHeadsTest, EveryRefusalHasTheHeadersForTheOrigin) {
  StartWith(/*need_origin=*/true);
  const std::string origin = "Origin: https://a\r\n";
  const std::pair<std::string, int> cases[] = {
      {"nonsense\r\n" + origin + "\r\n", 400},
      {"GET / HTTP/2.0\r\n" + origin + "\r\n", 505},
      {GetRequest("/", origin + "A: " + std::string(17'000, 'a') + "\r\n"),
       431},
      {GetRequest("/", "A: " + std::string(17'000, 'a') + "\r\n" + origin),
       431},
      {GetRequest("/", origin + "Expect: x\r\n"), 417},
      {"POST / HTTP/1.1\r\nHost: h\r\n" + origin +
           "Content-Length: 1048577\r\n\r\n",
       413},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n" + origin +
           "Content-Length: 1\r\n\r\n",
       415},
  };
  for (const auto& [bytes, status] : cases) {
    LoopbackClient client = Connect();
    client.Send(bytes);
    const WireAnswer answer = client.Read();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.Header("X-Origin"), "<https://a>") << status;
    EXPECT_THAT(answer.Header("Date"), HasSubstr(" GMT")) << status;
  }
}

TEST_F(RefusedHeadsTest, HaveABodyEvenAfterAHeadRequest) {
  StartWith(/*need_origin=*/false);
  LoopbackClient client = Connect();
  client.Send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.Read(/*to_head=*/true).status, 200);
  client.Send("nonsense\r\n\r\n");
  const WireAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("INVALID_ARGUMENT"));
}

TEST_F(RefusedHeadsTest, RefusedConnectionsGetTheHeadersToo) {
  HttpServer::Options options = Patient();
  options.max_connections = 1;
  options.headers_for_origin = [](absl::string_view) {
    return HttpHeaders{{"X-Origin", "any"}};
  };
  StartServer(options, /*echoes=*/false);
  LoopbackClient first = Connect();
  first.Send(GetRequest("/"));
  const auto exchange = Next();
  LoopbackClient second = Connect();
  const WireAnswer answer = second.Read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.Header("X-Origin"), "any");
  EXPECT_NE(answer.Header("Date"), "");
  exchange->Respond({200, {}, ""});
}

}  // namespace
}  // namespace sse_bridge
