// Limits at their bound: the last that is allowed, the first that is refused,
// and the slot that is free again, however the stream ended.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

constexpr char kPrices[] = "/prices/stream?symbols=A";

class LimitsTest : public ServicesTest {
 protected:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // A stream that is asked for, with its head read.
  struct Asked {
    HttpConnection connection;
    HttpAnswer head;
  };
  static Asked Ask(const Bridge& bridge, const std::string& target,
                   const std::string& token = "", Headers headers = {},
                   const std::string& before = "") {
    Asked asked{HttpConnection(bridge.address), {}};
    HttpRequest request = bridge.Request("GET", target, token);
    for (auto& header : headers) request.headers.push_back(header);
    if (!before.empty()) asked.connection.SendRaw(before);
    asked.connection.Send(request);
    asked.head = asked.connection.ReadHead();
    return asked;
  }
  static Headers For(const std::string& address) {
    return {{"X-Forwarded-For", address}};
  }
  // Stops the process in the middle of what it does, all of its threads.
  static void Pause(Process& process) {
    siginfo_t info;
    process.Signal(SIGSTOP);
    EXPECT_EQ(waitid(P_PID, static_cast<id_t>(process.pid()), &info, WSTOPPED),
              0);
  }
  // The first of the connections that has something to read.
  static size_t FirstAnswered(const std::vector<HttpConnection>& connections) {
    size_t first = connections.size();
    WaitFor("an answer", [&] {
      for (size_t i = 0; i < connections.size(); ++i) {
        pollfd socket{connections[i].fd(), POLLIN, 0};
        if (poll(&socket, 1, 0) == 1) first = i;
      }
      return first < connections.size();
    });
    return std::min(first, connections.size() - 1);
  }
  // Closes with a reset, as a peer that has crashed.
  static void Reset(HttpConnection* connection) {
    const linger at_once{1, 0};
    setsockopt(connection->fd(), SOL_SOCKET, SO_LINGER, &at_once,
               sizeof at_once);
    connection->Close();
  }
};

TEST_F(LimitsTest, SlotsAreFreeAgainHoweverTheStreamEnded) {
  Bridge bridge(backends_.address,
                {"--max-streams-per-subject", "2", "--max-streams-per-address",
                 "3", "--max-streams", "3"});
  const std::string ann = bridge.Token("ann");
  // The last allowed and the first refused. Slots of streams that have just
  // been closed may take a moment to be free.
  const auto full = [&] {
    std::vector<HttpConnection> streams;
    const auto open = [&](const std::string& target, const std::string& token) {
      WaitFor("a free slot", [&] {
        Asked asked = Ask(bridge, target, token);
        if (asked.head.status != 200) return false;
        streams.push_back(std::move(asked.connection));
        return true;
      });
    };
    open("/channels/c/stream", ann);
    open("/channels/c/stream", ann);
    int third = 0;
    WaitFor("the answer to the third of one subject", [&] {
      third = Ask(bridge, "/channels/c/stream", ann).head.status;
      return third != 503;
    });
    EXPECT_EQ(third, 429);
    open(kPrices, "");
    EXPECT_EQ(Ask(bridge, kPrices).head.status, 503);
    return streams;
  };
  const auto wait_until_free = [&] {
    WaitFor("free slots", [&] {
      std::vector<HttpConnection> streams;
      for (int i = 0; i < 3; ++i) {
        Asked asked = Ask(bridge, i < 2 ? "/channels/c/stream" : kPrices,
                          i < 2 ? ann : "");
        if (asked.head.status != 200) return false;
        streams.push_back(std::move(asked.connection));
      }
      return true;
    });
  };
  {
    SCOPED_TRACE("disconnect");
    full();
    wait_until_free();
  }
  {
    SCOPED_TRACE("crash of the peer");
    auto streams = full();
    for (HttpConnection& stream : streams) Reset(&stream);
    wait_until_free();
  }
  {
    SCOPED_TRACE("half-closed");
    auto streams = full();
    for (HttpConnection& stream : streams) shutdown(stream.fd(), SHUT_WR);
    wait_until_free();
  }
  {
    SCOPED_TRACE("refused by the backend");
    // The streams above may not have ended yet.
    WaitFor("a free slot", [&] {
      return Ask(bridge, "/channels/private-x/stream", ann).head.status == 403;
    });
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(Ask(bridge, "/channels/private-x/stream", ann).head.status,
                403);
    }
    wait_until_free();
  }
  {
    SCOPED_TRACE("aborted before the answer");
    for (int i = 0; i < 20; ++i) {
      HttpConnection gone(bridge.address);
      gone.Send(bridge.Request("GET", "/channels/c/stream", ann));
      Reset(&gone);
    }
    wait_until_free();
  }
}

TEST_F(LimitsTest, DrainFreesEverySlot) {
  Bridge bridge(backends_.address, {"--max-streams", "2"});
  Asked one = Ask(bridge, kPrices), two = Ask(bridge, kPrices);
  EXPECT_EQ(two.head.status, 200);
  bridge.process->Signal(SIGTERM);
  while (one.connection.NextBlock()) {
  }
  while (two.connection.NextBlock()) {
  }
  EXPECT_EQ(bridge.process->Wait(), 0);
}

TEST_F(LimitsTest, ForwardedAddressesCountFromTrustedProxiesOnly) {
  Bridge bridge(backends_.address, {"--max-streams-per-address", "1",
                                    "--trusted-proxy", "127.0.0.0/8"});
  Asked one = Ask(bridge, kPrices, "", For("9.9.9.9, 1.2.3.4"));
  EXPECT_EQ(one.head.status, 200);
  EXPECT_EQ(Ask(bridge, kPrices, "", For("8.8.8.8, 1.2.3.4")).head.status, 503)
      << "what the client itself claims does not count";
  Asked other = Ask(bridge, kPrices, "", For("1.2.3.5"));
  EXPECT_EQ(other.head.status, 200);
  // One customer's network of IPv6 addresses is one.
  Asked v6 = Ask(bridge, kPrices, "", For("2001:db8::1"));
  EXPECT_EQ(v6.head.status, 200);
  EXPECT_EQ(Ask(bridge, kPrices, "", For("2001:db8::2")).head.status, 503);
  one.connection.Close();
  WaitFor("a free slot", [&] {
    return Ask(bridge, kPrices, "", For("1.2.3.4")).head.status == 200;
  });

  Bridge untrusting(backends_.address, {"--max-streams-per-address", "1",
                                        "--trusted-proxy", "10.0.0.0/8"});
  Asked first = Ask(untrusting, kPrices, "", For("1.2.3.4"));
  EXPECT_EQ(first.head.status, 200);
  EXPECT_EQ(Ask(untrusting, kPrices, "", For("1.2.3.5")).head.status, 503);
}

TEST_F(LimitsTest, ProxyHeadersTellTheAddress) {
  Bridge bridge(backends_.address,
                {"--max-streams-per-address", "1", "--trusted-proxy",
                 "127.0.0.1", "--proxy-protocol"});
  const std::string one = "PROXY TCP4 1.2.3.4 10.0.0.1 56324 443\r\n";
  Asked first = Ask(bridge, kPrices, "", {}, one);
  EXPECT_EQ(first.head.status, 200);
  EXPECT_EQ(Ask(bridge, kPrices, "", {}, one).head.status, 503);
  const std::string two =
      std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16) +
      std::string("\x01\x02\x03\x05\x0a\0\0\x01\0\x50\x01\xbb", 12);
  Asked second = Ask(bridge, kPrices, "", {}, two);
  EXPECT_EQ(second.head.status, 200);
  // It may trickle in, and a kept-alive connection has it once.
  HttpConnection slow(bridge.address);
  for (char c : std::string("PROXY TCP4 1.2.3.6 10.0.0.1 1 1\r\n")) {
    slow.SendRaw(std::string(1, c));
  }
  for (int i = 0; i < 2; ++i) {
    slow.Send(bridge.Request("GET", "/nowhere"));
    EXPECT_EQ(slow.ReadAnswer().status, 404);
  }
  // Without one a connection is dropped; and so is nonsense.
  for (const char* bytes :
       {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "PROXY TCP4 x y 1 1\r\n"}) {
    HttpConnection bare(bridge.address);
    bare.SendRaw(bytes);
    EXPECT_TRUE(bare.AtEnd());
  }
  // Who is no proxy cannot say that it is somebody else.
  Bridge untrusting(backends_.address,
                    {"--trusted-proxy", "10.0.0.1", "--proxy-protocol"});
  EXPECT_EQ(Ask(untrusting, kPrices, "", {}, one).head.status, 400);
  EXPECT_EQ(Ask(untrusting, kPrices).head.status, 200);
}

TEST_F(LimitsTest, NewConnectionsOfAnAddressHaveARate) {
  // Slow enough that none comes back while the test runs.
  Bridge bridge(backends_.address,
                {"--connections-per-second", "1", "--connections-burst", "5"});
  HttpConnection kept(bridge.address);
  int allowed = 1;
  std::string retry_after;
  for (int i = 0; i < 30 && retry_after.empty(); ++i) {
    const HttpAnswer answer = bridge.Call("GET", "/nowhere");
    if (answer.status == 404) {
      ++allowed;
    } else {
      ExpectError(answer, 429, "address");
      retry_after = answer.headers.at("retry-after");
    }
  }
  EXPECT_GE(allowed, 5);
  EXPECT_EQ(retry_after, "1");
  // Who is in stays in.
  for (int i = 0; i < 20; ++i) {
    kept.Send(bridge.Request("GET", "/nowhere"));
    EXPECT_EQ(kept.ReadAnswer().status, 404);
  }
  WaitFor("the rate",
          [&] { return bridge.Call("GET", "/nowhere").status == 404; });
}

TEST_F(LimitsTest, TheRateIsTheClientsBehindAProxy) {
  Bridge bridge(backends_.address,
                {"--connections-per-second", "1", "--connections-burst", "1",
                 "--trusted-proxy", "127.0.0.1"});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(bridge.Call("GET", "/nowhere").status, 404);
    EXPECT_EQ(
        Ask(bridge, kPrices, "", For("1.2.3." + std::to_string(i))).head.status,
        200);
  }
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    if (Ask(bridge, kPrices, "", For("4.4.4.4")).head.status == 429) ++refused;
  }
  EXPECT_GT(refused, 0);

  Bridge proxied(backends_.address,
                 {"--connections-per-second", "1", "--connections-burst", "1",
                  "--trusted-proxy", "127.0.0.1", "--proxy-protocol"});
  refused = 0;
  for (int i = 0; i < 20; ++i) {
    if (Ask(proxied, kPrices, "", {},
            "PROXY TCP4 4.4.4.4 10.0.0.1 56324 443\r\n")
            .head.status == 429) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(
      Ask(proxied, kPrices, "", {}, "PROXY TCP4 4.4.4.5 10.0.0.1 56324 443\r\n")
          .head.status,
      200);
}

TEST_F(LimitsTest, StreamsOfABackendAreBounded) {
  Bridge bridge(backends_.address,
                {"--max-streams-per-upstream", "2", "--linger", "0"});
  const std::string ann = bridge.Token("ann");
  std::vector<Asked> streams;
  for (const char* stream : {"/channels/a/stream", "/channels/b/stream"}) {
    streams.push_back(Ask(bridge, stream, ann));
    EXPECT_EQ(streams.back().head.status, 200);
  }
  Asked refused = Ask(bridge, "/channels/c/stream", ann);
  EXPECT_EQ(refused.head.status, 429);
  EXPECT_EQ(refused.head.headers.count("retry-after"), 1u);
  EXPECT_EQ(bridge.Call("GET", "/channels/c/members", ann).status, 200)
      << "calls that are no streams are not counted";
  streams.pop_back();
  WaitFor("a free slot", [&] {
    return Ask(bridge, "/channels/c/stream", ann).head.status == 200;
  });
  // Identical shared streams are one.
  streams.clear();
  std::vector<Asked> shared;
  WaitFor("two free slots", [&] {
    Asked one = Ask(bridge, kPrices);
    Asked two = Ask(bridge, "/prices/stream?symbols=B");
    return one.head.status == 200 && two.head.status == 200;
  });
  WaitFor("shared streams", [&] {
    shared.push_back(Ask(bridge, kPrices));
    return shared.back().head.status == 200;
  });
  for (int i = 0; i < 10; ++i) {
    shared.push_back(Ask(bridge, kPrices));
    EXPECT_EQ(shared.back().head.status, 200);
  }
}

TEST_F(LimitsTest, CallsOfAUserThatAreUnderWayAreBounded) {
  Bridge bridge(backends_.address, {"--max-calls-per-subject", "2"});
  const std::string members = "/channels/c/members";
  const std::string ann = bridge.Token("ann"), ben = bridge.Token("ben");
  WaitFor("the connection",
          [&] { return bridge.Call("GET", members, ann).status == 200; });
  Pause(*backends_.process);
  // Of three that are asked for at the same time one is refused.
  std::vector<HttpConnection> calls;
  for (int i = 0; i < 3; ++i) {
    calls.emplace_back(bridge.address);
    calls.back().Send(bridge.Request("GET", members, ann));
  }
  const size_t refused = FirstAnswered(calls);
  const HttpAnswer third = calls[refused].ReadAnswer();
  ExpectError(third, 429, "max_calls_per_subject is 2");
  EXPECT_EQ(third.headers.count("retry-after"), 1u);
  HttpConnection& one = calls[(refused + 1) % 3];
  HttpConnection& two = calls[(refused + 2) % 3];
  const auto briefly = [&](const std::string& token) {
    HttpRequest request = bridge.Request("GET", members, token);
    request.headers.emplace_back("Grpc-Timeout", "100m");
    return Fetch(bridge.address, request);
  };
  EXPECT_EQ(briefly(ann).status, 429);
  EXPECT_EQ(briefly(ben).status, 504) << "others may wait for the backend";
  // One who leaves gives the slot back.
  one.Close();
  WaitFor("a free slot", [&] { return briefly(ann).status == 504; });
  backends_.process->Signal(SIGCONT);
  EXPECT_EQ(two.ReadAnswer().status, 200);
  // A slot is free before its answer is read.
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(bridge.Call("GET", members, ann).status, 200);
    EXPECT_EQ(bridge.Call("GET", members + "?no=1", ann).status, 400);
  }
}

TEST_F(LimitsTest, GrpcTimeoutEndsAStreamToo) {
  const std::string ann = bridge_.Token("ann");
  for (const std::string target :
       {"/channels/c/stream", "/events?stream=/channels/c/stream"}) {
    SCOPED_TRACE(target);
    Asked asked = Ask(bridge_, target, ann, {{"Grpc-Timeout", "1S"}});
    ASSERT_EQ(asked.head.status, 200);
    asked.connection.Event();  // that ann has joined
    ExpectStatusEvent(asked.connection.Event(), 4,
                      "the deadline of Grpc-Timeout has passed");
    EXPECT_FALSE(asked.connection.NextBlock().has_value());
    EXPECT_EQ(Ask(bridge_, target, ann, {{"Grpc-Timeout", "1s"}}).head.status,
              400);
    EXPECT_EQ(Ask(bridge_, target, ann,
                  {{"Grpc-Timeout", "1S"}, {"Grpc-Timeout", "2S"}})
                  .head.status,
              400);
  }
  Asked lines =
      Ask(bridge_, "/channels/c/stream", ann,
          {{"Grpc-Timeout", "1S"}, {"Accept", "application/x-ndjson"}});
  ASSERT_EQ(lines.head.status, 200);
  EXPECT_NE(lines.connection.ReadRaw().find(R"({"error":{"code":4,)"),
            std::string::npos);
  // When the time is over before the backend has said anything, it is a 504.
  Bridge patient(backends_.address, {"--open-grace", "20s"});
  Pause(*backends_.process);
  EXPECT_EQ(Ask(patient, "/channels/c/stream", patient.Token("ann"),
                {{"Grpc-Timeout", "200m"}})
                .head.status,
            504);
  backends_.process->Signal(SIGCONT);
}

TEST_F(LimitsTest, FeedsOfAnAddressAreBounded) {
  Bridge bridge(backends_.address, {"--max-feeds-per-address", "3",
                                    "--trusted-proxy", "127.0.0.1"});
  const auto ask = [&](const std::string& query,
                       const std::string& from = "1.2.3.4") {
    return Ask(bridge, "/prices/stream?" + query, "", For(from));
  };
  Asked two = ask("symbols=A&symbols=B");
  EXPECT_EQ(two.head.status, 200);
  EXPECT_EQ(ask("symbols=C&symbols=D").head.status, 429) << "all or none";
  Asked third = ask("symbols=A&symbols=B&symbols=C");
  EXPECT_EQ(third.head.status, 200) << "only C is new";
  Asked refused = ask("symbols=D");
  EXPECT_EQ(refused.head.status, 429);
  EXPECT_EQ(refused.head.headers.count("retry-after"), 1u);
  // Who joins what there is starts nothing, and others have their own.
  Asked joins = ask("symbols=C");
  EXPECT_EQ(joins.head.status, 200);
  Asked other = ask("symbols=D", "1.2.3.5");
  EXPECT_EQ(other.head.status, 200);
  Asked again = ask("symbols=D");
  EXPECT_EQ(again.head.status, 200);
  // Each part of a bundle counts.
  const std::string bundle =
      "/events?stream=e:/prices/stream%3Fsymbols%3DE"
      "&stream=f:/prices/stream%3Fsymbols%3DF";
  EXPECT_EQ(
      Ask(bridge, bundle, bridge.Token("ann"), For("1.2.3.4")).head.status,
      429);
  two.connection.Close();
  third.connection.Close();
  WaitFor("two free slots",
          [&] { return ask("symbols=E&symbols=F").head.status == 200; });
}

TEST_F(LimitsTest, FeedsThatOnlyLingerGiveWay) {
  Bridge bridge(backends_.address,
                {"--max-feeds-per-address", "2", "--linger", "1h"});
  for (const std::string symbol : {"A", "B"}) {
    Asked asked = Ask(bridge, "/prices/stream?symbols=" + symbol);
    ASSERT_EQ(asked.head.status, 200);
    EXPECT_EQ(bridge_
                  .Call("POST", "/prices", writer_,
                        R"({"symbol":")" + symbol + R"(","price":1})")
                  .status,
              200);
    EXPECT_EQ(Data(asked.connection.Event())["symbol"], symbol);
  }
  WaitFor("a free slot", [&] {
    return Ask(bridge, "/prices/stream?symbols=C&symbols=D").head.status == 200;
  });
}

// 20,000 by STORM_CONNECTS=20000.
TEST_F(LimitsTest, AfterAStormEveryCounterIsAtZero) {
  const char* asked = std::getenv("STORM_CONNECTS");
  const int connects = asked == nullptr ? 1000 : std::atoi(asked);
  constexpr int kThreads = 4;
  constexpr int kSlots = 40;
  Bridge bridge(
      backends_.address,
      {"--max-streams", std::to_string(kSlots), "--max-streams-per-address",
       std::to_string(kSlots), "--max-streams-per-subject",
       std::to_string(kSlots), "--max-streams-per-upstream",
       std::to_string(kSlots), "--linger", "0"});
  const std::string ann = bridge.Sign({{"sub", "ann"}, {"exp", 4102444800}});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < connects; i += kThreads) {
        HttpConnection connection(bridge.address);
        const HttpRequest request =
            i % 2 == 0 ? bridge.Request("GET", "/channels/c/stream", ann)
                       : bridge.Request("GET", kPrices);
        switch (i / 2 % 5) {
          case 0:  // says nothing
            break;
          case 1:  // half a head
            connection.SendRaw("GET /prices/str");
            break;
          case 2:  // leaves before the answer
            connection.Send(request);
            break;
          case 3:  // leaves with a reset
            connection.Send(request);
            Reset(&connection);
            break;
          case 4:  // sees the answer
            connection.Send(request);
            connection.ReadHead();
            break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // As many as there are slots get in at once, and not one more: nothing of
  // the storm is counted any longer, and nothing was freed twice.
  WaitFor("every slot", [&] {
    std::vector<Asked> streams;
    for (int i = 0; i < kSlots; ++i) {
      streams.push_back(Ask(bridge, "/channels/c/stream", ann));
      if (streams.back().head.status != 200) return false;
    }
    return Ask(bridge, "/channels/c/stream", ann).head.status != 200 &&
           Ask(bridge, kPrices).head.status == 503;
  });
}

}  // namespace
}  // namespace sse_bridge::testing
