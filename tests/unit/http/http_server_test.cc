// HttpServer, HttpListener and HttpExchange together, over real sockets.

#include "bridge/http/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/unit/http/server_testing.h"

namespace sse_bridge {
namespace {

using ::testing::EndsWith;
using testing::GetRequest;
using ::testing::HasSubstr;
using testing::LoopbackClient;
using testing::Signal;
using ::testing::StartsWith;
using testing::WireAnswer;

class ServerTest : public testing::ServerFixture {};

TEST_F(ServerTest, RequestsArriveUnchanged) {
  StartServer();
  LoopbackClient client = Connect();
  client.Send(GetRequest("/a%2Fb/c?x=%20y&z"));
  const WireAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /a%2Fb/c x=%20y&z [] 127.0.0.1");
}

TEST_F(ServerTest, ExchangeHasAllPartsOfTheRequest) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(
      "POST /p?q HTTP/1.1\r\nHost: h\r\nAccept: a\r\naccept: b\r\n"
      "Content-Length: 4\r\n\r\nbody");
  const auto exchange = Next();
  EXPECT_EQ(exchange->verb(), "POST");
  EXPECT_EQ(exchange->target(), "/p?q");
  EXPECT_EQ(exchange->raw_path(), "/p");
  EXPECT_EQ(exchange->raw_query(), "q");
  EXPECT_EQ(exchange->body(), "body");
  EXPECT_EQ(exchange->minor_version(), 1);
  EXPECT_TRUE(exchange->keep_alive());
  EXPECT_EQ(exchange->peer_address(), "127.0.0.1");
  EXPECT_THAT(exchange->HeaderValues("ACCEPT"),
              ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(exchange->Header("Accept"), "a");
  EXPECT_FALSE(exchange->Header("Cookie").has_value());
  exchange->Respond({200, {}, "x"});
  EXPECT_EQ(client.Read().body, "x");
}

// cpp-httplib decodes percent escapes in values, and newer versions reverse the
// order of equal names.
TEST_F(ServerTest, HeadersArriveUnchanged) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/",
                         "X-Forwarded-For: 1.1.1.1\r\nLast-Event-ID: %41%0a\r\n"
                         "x-forwarded-for: 2.2.2.2\r\nRange: x\r\nEmpty:\r\n"
                         "X-Forwarded-For: 3.3.3.3\r\nREMOTE_ADDR: me\r\n"));
  const auto exchange = Next();
  EXPECT_THAT(exchange->HeaderValues("X-Forwarded-For"),
              ::testing::ElementsAre("1.1.1.1", "2.2.2.2", "3.3.3.3"));
  EXPECT_EQ(exchange->Header("Last-Event-ID"), "%41%0a");
  EXPECT_EQ(exchange->Header("Range"), "x");
  EXPECT_EQ(exchange->Header("Empty"), "");
  EXPECT_THAT(exchange->HeaderValues("REMOTE_ADDR"),
              ::testing::ElementsAre("me"));
  EXPECT_EQ(exchange->headers().size(), 8u);
  exchange->Respond({200, {}, "x"});
  EXPECT_EQ(client.Read().body, "x");
}

// The answer to a HEAD has no body, whichever part of the server refuses it.
TEST_F(ServerTest, PathThatIsTooLongForHttplibIs414) {
  HttpServer::Options options;
  options.framing.max_request_line_bytes = options.framing.max_head_bytes;
  StartServer(options);
  LoopbackClient client = Connect();
  const std::string path = "/" + std::string(9000, 'p');
  client.Send(GetRequest(path));
  const WireAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 414);
  EXPECT_THAT(answer.body, HasSubstr("the request target is too long"));
  client.Send("HEAD " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.Read(/*to_head=*/true).status, 414);
  client.Send(GetRequest("/?" + std::string(9000, 'q')));
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, RequestsMayArriveByteByByte) {
  StartServer();
  LoopbackClient client = Connect();
  const std::string request =
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (char c : request) client.Send(std::string(1, c));
  EXPECT_EQ(client.Read().body, "POST /a  [abcde] 127.0.0.1");
}

TEST_F(ServerTest, LargeBodiesArriveWhole) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  const std::string body(size_t{1} << 20, 'b');
  client.Send(absl::StrCat("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: ",
                           body.size(), "\r\n\r\n", body));
  EXPECT_TRUE(Next()->body() == body);
}

TEST_F(ServerTest, LargeAnswersArriveWhole) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  const std::string body(size_t{16} << 20, 'b');
  Next()->Respond({200, {}, body});
  EXPECT_TRUE(client.Read().body == body);
  client.Send(GetRequest("/again"));
  Next()->Respond({200, {}, "x"});
  EXPECT_EQ(client.Read().body, "x");
}

TEST_F(ServerTest, ConnectionsAreKeptAlive) {
  StartServer();
  LoopbackClient client = Connect();
  for (int i = 0; i < 3; ++i) {
    client.Send(GetRequest("/a"));
    const WireAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.Header("Connection"), "keep-alive");
  }
}

TEST_F(ServerTest, ConnectionClosesIfTheClientAsksForIt) {
  StartServer();
  for (const std::string& request : {GetRequest("/", "Connection: close\r\n"),
                                     std::string("GET / HTTP/1.0\r\n\r\n")}) {
    LoopbackClient client = Connect();
    client.Send(request);
    const WireAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.Header("Connection"), "close");
    EXPECT_TRUE(client.AtEnd());
  }
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/1") + GetRequest("/2") + GetRequest("/3"));
  for (const std::string path : {"/1", "/2", "/3"}) {
    const auto exchange = Next();
    EXPECT_EQ(exchange->raw_path(), path);
    exchange->Respond({200, {}, path});
  }
  for (const std::string path : {"/1", "/2", "/3"}) {
    EXPECT_EQ(client.Read().body, path);
  }
}

TEST_F(ServerTest, ManyPipelinedRequestsInOneWrite) {
  StartServer();
  LoopbackClient client = Connect();
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += GetRequest(absl::StrCat("/", i));
  client.Send(requests);
  for (int i = 0; i < 500; ++i) {
    EXPECT_THAT(client.Read().body, StartsWith(absl::StrCat("GET /", i, " ")));
  }
}

TEST_F(ServerTest, ResponseToHeadHasOnlyHeaders) {
  StartServer();
  LoopbackClient client = Connect();
  client.Send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  const WireAnswer answer = client.Read(/*to_head=*/true);
  EXPECT_EQ(answer.Header("Content-Length"),
            absl::StrCat(std::string("HEAD /a  [] 127.0.0.1").size()));
  client.Send(GetRequest("/b"));
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, RequestsWithoutAnAnswerGet500) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  Next().reset();
  const WireAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 500);
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  EXPECT_EQ(json["error"]["status"], "INTERNAL");
}

TEST_F(ServerTest, OnlyTheFirstAnswerCounts) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  const auto exchange = Next();
  exchange->Respond({200, {}, "first"});
  exchange->Respond({200, {}, "second"});
  EXPECT_EQ(exchange->DetachForStream().socket, nullptr);
  EXPECT_EQ(client.Read().body, "first");
  client.Send(GetRequest("/"));
  Next()->Respond({200, {}, "third"});
  EXPECT_EQ(client.Read().body, "third");
}

TEST_F(ServerTest, AnyThreadMayAnswer) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  std::thread other([exchange = Next()] { exchange->Respond({200, {}, "x"}); });
  EXPECT_EQ(client.Read().body, "x");
  other.join();
}

// cpp-httplib alone would refuse these.
TEST_F(ServerTest, ValidButUnusualRequestsReachTheHandler) {
  StartServer();
  LoopbackClient client = Connect();
  const std::string requests[] = {
      GetRequest("/a?b=c?d&e=?"),
      GetRequest("/a", "Range: bananas\r\n"),
      GetRequest("/a", "Cookie: " + std::string(12'000, 'c') + "\r\n"),
      GetRequest("/a?" + std::string(8000, 'q')),
      GetRequest("/%zz%"),
      GetRequest("http://h/a?b"),
      GetRequest("http://h"),
      "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
      "PUT / HTTP/1.1\r\nHost: h\r\n\r\n",
      "PATCH / HTTP/1.1\r\nHost: h\r\n\r\n",
      "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n",
  };
  for (const std::string& request : requests) {
    client.Send(request);
    EXPECT_EQ(client.Read().status, 200) << request.substr(0, 100);
  }
}

TEST_F(ServerTest, AbsoluteTargetsAreReducedToTheirPath) {
  StartServer();
  LoopbackClient client = Connect();
  client.Send(GetRequest("http://h:80/a/b?c=d"));
  EXPECT_THAT(client.Read().body, StartsWith("GET /a/b c=d "));
  client.Send(GetRequest("HTTPS://h?c=/d"));
  EXPECT_THAT(client.Read().body, StartsWith("GET / c=/d "));
}

TEST_F(ServerTest, AnyMethodReachesTheHandler) {
  StartServer();
  LoopbackClient client = Connect();
  client.Send("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n");
  const WireAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, StartsWith("BREW /pot "));
  client.Send(GetRequest("/"));
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, ContinueIsSentBeforeTheBody) {
  StartServer();
  LoopbackClient client = Connect();
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n";
  client.Send(head);
  EXPECT_EQ(client.Read().status, 100);
  client.Send("abc");
  EXPECT_THAT(client.Read().body, HasSubstr("[abc]"));
  // A client that sends the body at once does not wait for 100.
  client.Send(head + "abc");
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, HalfClosedClientGetsItsAnswer) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  client.EndSending();
  const auto exchange = Next();
  Signal aborted;
  exchange->OnAbort([&aborted] { aborted.Set(); });
  // The probe whether it is still connected. It is, so nothing is aborted.
  EXPECT_EQ(client.Read().status, 100);
  exchange->Respond({200, {}, "x"});
  EXPECT_EQ(client.Read().body, "x");
  EXPECT_TRUE(client.AtEnd());
  EXPECT_EQ(aborted.count(), 0);
}

TEST_F(ServerTest, HalfClosedHttp10ClientIsNotProbed) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send("GET / HTTP/1.0\r\n\r\n");
  client.EndSending();
  Next()->Respond({200, {}, "x"});
  const WireAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "x");
}

TEST_F(ServerTest, DisconnectedClientAbortsItsExchange) {
  StartServer({}, /*echoes=*/false);
  for (const bool reset : {false, true}) {
    LoopbackClient client = Connect();
    client.Send(GetRequest("/"));
    const auto exchange = Next();
    Signal aborted;
    exchange->OnAbort([&aborted] { aborted.Set(); });
    if (reset) {
      client.Reset();
    } else {
      client.Close();
    }
    aborted.Wait();
    exchange->Respond({200, {}, "to nobody"});
    EXPECT_EQ(aborted.count(), 1);
  }
}

TEST_F(ServerTest, LateAbortCallbackIsStillCalled) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  const auto exchange = Next();
  Signal first;
  exchange->OnAbort([&first] { first.Set(); });
  client.Close();
  first.Wait();
  Signal second;
  exchange->OnAbort([&second] { second.Set(); });
  EXPECT_EQ(second.count(), 1);
}

TEST_F(ServerTest, PipeliningDoesNotHideADisconnect) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/1"));
  const auto exchange = Next();
  Signal aborted;
  exchange->OnAbort([&aborted] { aborted.Set(); });
  client.Send(GetRequest("/2"));
  client.Close();
  aborted.Wait();
}

TEST_F(ServerTest, NoAbortAfterTheAnswer) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  const auto exchange = Next();
  auto held = std::make_shared<int>();
  Signal aborted;
  exchange->OnAbort([&aborted, held] { aborted.Set(); });
  exchange->Respond({200, {}, "x"});
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(client.Read().body, "x");
  client.Reset();
  server_.reset();
  EXPECT_EQ(aborted.count(), 0);
}

TEST_F(ServerTest, DetachedSocketBelongsToItsReceiver) {
  StartServer({}, /*echoes=*/false);
  for (const bool chunked : {true, false}) {
    LoopbackClient client = Connect();
    client.Send(chunked ? GetRequest("/")
                        : std::string("GET / HTTP/1.0\r\n\r\n"));
    const auto exchange = Next();
    DetachedSocket detached = exchange->DetachForStream();
    ASSERT_NE(detached.socket, nullptr);
    const int fd = detached.socket->fd();
    EXPECT_EQ(detached.chunked, chunked);
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    exchange->Respond({200, {}, "too late"});
    EXPECT_TRUE(server_->WaitUntilIdle(absl::Now() + absl::Seconds(20)));
    ASSERT_EQ(send(fd, "hello", 5, MSG_NOSIGNAL), 5);
    EXPECT_EQ(client.ReadBytes(5), "hello");
    detached.socket.reset();
    EXPECT_TRUE(client.AtEnd());
  }
}

TEST_F(ServerTest, DetachedSocketOutlivesTheServer) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  std::unique_ptr<Socket> socket = Next()->DetachForStream().socket;
  server_.reset();
  ASSERT_EQ(send(socket->fd(), "hello", 5, MSG_NOSIGNAL), 5);
  socket.reset();
  EXPECT_EQ(client.ReadToEnd(), "hello");
}

// The receiver closes the socket at once, so that new connections get its
// number while the listener may still process the old one.
TEST_F(ServerTest, DetachingRacesWithLeavingAndNewConnections) {
  HttpServer::Options options;
  server_ = std::make_unique<HttpServer>(options);
  ASSERT_TRUE(server_->Bind().ok());
  server_->Start([](std::shared_ptr<HttpExchange> exchange) {
    if (exchange->raw_path() == "/answer") {
      exchange->Respond({200, {}, "x"});
      return;
    }
    const std::unique_ptr<Socket> socket = exchange->DetachForStream().socket;
    if (socket == nullptr) return;
    send(socket->fd(), "stream", 6, MSG_NOSIGNAL);
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 300; ++i) {
        LoopbackClient client = Connect();
        if (i % 3 == 0) {
          client.Send(GetRequest("/stream"));
          if (t % 2 == 0) client.EndSending();
          EXPECT_THAT(client.ReadToEnd(), EndsWith("stream"));
        } else if (i % 3 == 1) {
          client.Send(GetRequest("/answer"));
          EXPECT_EQ(client.Read().body, "x");
        } else {
          client.Send(GetRequest("/stream"));
          client.Reset();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ServerTest, TwoThousandQuickConnectionsAreAllAnswered) {
  StartServer();
  std::vector<LoopbackClient> clients;
  for (int i = 0; i < 2000; ++i) {
    clients.push_back(Connect());
    ASSERT_TRUE(clients.back().connected()) << i;
  }
  for (auto& client : clients) client.Send(GetRequest("/"));
  for (auto& client : clients) EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, ServesIPv6) {
  HttpServer::Options options;
  options.host = "::1";
  StartServer(options);
  LoopbackClient client(server_->port(), /*v6=*/true);
  if (!client.connected()) GTEST_SKIP() << "IPv6 is not available";
  client.Send(GetRequest("/"));
  EXPECT_THAT(client.Read().body, EndsWith("::1"));
}

TEST_F(ServerTest, IPv4ClientOfADualStackSocketHasItsIPv4Address) {
  HttpServer::Options options;
  options.host = "::";
  StartServer(options);
  LoopbackClient client = Connect();
  ASSERT_TRUE(client.connected());
  client.Send(GetRequest("/"));
  EXPECT_THAT(client.Read().body, EndsWith(" 127.0.0.1"));
}

TEST_F(ServerTest, TakesOverAListeningSocket) {
  HttpServer::Options options;
  options.listen_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(options.listen_fd, reinterpret_cast<sockaddr*>(&address),
                 sizeof address),
            0);
  StartServer(options);
  ASSERT_GT(server_->port(), 0);
  LoopbackClient client = Connect();
  client.Send(GetRequest("/"));
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, AUsedPortIsAnErrorUnlessItIsShared) {
  StartServer();
  HttpServer::Options options;
  options.port = server_->port();
  EXPECT_EQ(HttpServer(options).Bind().code(), absl::StatusCode::kUnavailable);

  HttpServer::Options shared;
  shared.reuse_port = true;
  HttpServer first(shared);
  ASSERT_TRUE(first.Bind().ok());
  shared.port = first.port();
  EXPECT_TRUE(HttpServer(shared).Bind().ok());
}

TEST_F(ServerTest, StopAcceptingServesRequestsThatHaveArrived) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient idle = Connect(), busy = Connect();
  idle.Send(GetRequest("/"));
  Next()->Respond({200, {}, ""});
  EXPECT_EQ(idle.Read().status, 200);
  busy.Send(GetRequest("/"));
  const auto exchange = Next();
  server_->StopAccepting();
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_FALSE(Connect().connected());
  EXPECT_FALSE(server_->WaitUntilIdle(absl::Now()));
  exchange->Respond({200, {}, "last"});
  const WireAnswer answer = busy.Read();
  EXPECT_EQ(answer.body, "last");
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_TRUE(busy.AtEnd());
  EXPECT_TRUE(server_->WaitUntilIdle(absl::Now() + absl::Seconds(20)));
}

TEST_F(ServerTest, StopEndsConnectionsAndAbortsExchanges) {
  StartServer({}, /*echoes=*/false);
  LoopbackClient waiting = Connect(), silent = Connect(), answered = Connect();
  answered.Send(GetRequest("/"));
  const auto quick = Next();
  waiting.Send(GetRequest("/"));
  const auto exchange = Next();
  Signal aborted;
  exchange->OnAbort([&aborted] { aborted.Set(); });
  quick->Respond({200, {}, "x"});
  server_->Stop();
  EXPECT_EQ(aborted.count(), 1);
  EXPECT_EQ(answered.Read().body, "x");
  EXPECT_TRUE(waiting.AtEnd());
  EXPECT_TRUE(silent.AtEnd());
  exchange->Respond({200, {}, "to nobody"});
  server_.reset();
}

}  // namespace
}  // namespace sse_bridge
