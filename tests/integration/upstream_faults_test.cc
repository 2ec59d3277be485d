// Backends that are lost, stall, lie or send too much.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tests/integration/faults_testing.h"
#include "tests/integration/link_proxy.h"
#include "tests/integration/loopback.h"
#include "tests/integration/stream_clients.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr int kAborted = 10;

// Of the canonical mapping, by code.
constexpr int kHttpStatus[] = {204, 499, 500, 400, 504, 404, 409, 403, 429,
                               400, 409, 400, 501, 500, 503, 500, 401};

using UpstreamFaultsTest = FaultsTest;

Answer Live(int id, const std::string& text) {
  return Answer{.messages = {FaultEvent(id, text)}, .stay = true};
}

TEST_F(UpstreamFaultsTest, EachCodeBeforeAnyMessageIsAnHttpStatus) {
  for (const bool metadata_first : {false, true}) {
    for (int code = 0; code <= 16; ++code) {
      SCOPED_TRACE(code);
      backend_->Set(Path("Plain"), Answer{.open_first = metadata_first,
                                          .code = code,
                                          .message = "as told"});
      const HttpAnswer answer = bridge_->Call("GET", "/plain/x");
      EXPECT_EQ(answer.status, kHttpStatus[code]) << answer.body;
      if (code != 0) ExpectError(answer, kHttpStatus[code], "as told");
    }
  }
}

TEST_F(UpstreamFaultsTest, EachCodeAfterAMessageIsAnEvent) {
  for (int code = 0; code <= 16; ++code) {
    SCOPED_TRACE(code);
    backend_->Set(Path("Plain"), Answer{.messages = {FaultEvent(0, "one")},
                                        .code = code,
                                        .message = "as told"});
    HttpConnection stream = bridge_->Stream("/plain/x");
    EXPECT_EQ(Data(stream.Event())["text"], "one");
    ExpectStatusEvent(stream.Event(), code, code == 0 ? "" : "as told");
    int retries = 0;
    while (auto block = stream.NextBlock())
      retries += block->retry.empty() ? 0 : 1;
    EXPECT_EQ(retries, code == 0 ? 0 : 1);
    EXPECT_TRUE(stream.AtEnd());
  }
}

TEST_F(UpstreamFaultsTest, SilenceAfterMetadataIsAnOpenStreamThatIsKeptAlive) {
  auto bridge = BridgeTo(backend_->address(), {"--keep-alive", "200ms"});
  backend_->Set(Path("Own"), Answer{.open_first = true, .stay = true});
  HttpConnection stream = bridge->Stream("/own/x");
  for (int pings = 0; pings < 3;) {
    const auto block = stream.NextBlock();
    ASSERT_TRUE(block.has_value());
    pings += block->comment == "ping" ? 1 : 0;
  }
  // So is silence without metadata, after the grace.
  backend_->Set(Path("Own"), Answer{.stay = true});
  HttpConnection silent = bridge->Stream("/own/y");
  for (int pings = 0; pings < 2;) {
    const auto block = silent.NextBlock();
    ASSERT_TRUE(block.has_value());
    pings += block->comment == "ping" ? 1 : 0;
  }
}

TEST_F(UpstreamFaultsTest, GarbageForAMessageCostsThatEventAndNothingElse) {
  backend_->Set(Path("Live"), Live(1, "good"));
  HttpConnection other = bridge_->Stream("/live/x");
  EXPECT_EQ(Data(other.Event())["text"], "good");
  for (const std::string& garbage :
       {std::string("\x12\x7f"), std::string(100, '\xff'),
        std::string("\x07")}) {
    backend_->Set(Path("Own"),
                  Answer{.messages = {FaultEvent(1, "good"), garbage,
                                      FaultEvent(2, "good")},
                         .stay = true});
    HttpConnection stream = bridge_->Stream("/own/x");
    EXPECT_EQ(Data(stream.Event())["text"], "good");
    EXPECT_EQ(stream.Event().event, "unreadable");
    EXPECT_EQ(stream.Event().id, "2");
  }
  EXPECT_TRUE(bridge_->process->running());
}

TEST_F(UpstreamFaultsTest, ServerThatSpeaksNoGrpcIsUnavailable) {
  int port = 0;
  const int fd = OpenLoopback(SOCK_STREAM | SOCK_CLOEXEC, &port);
  const std::string address = "127.0.0.1:" + std::to_string(port);
  std::atomic<bool> stop{false};
  std::thread server([&] {
    while (!stop) {
      const int client = accept(fd, nullptr, nullptr);
      if (client < 0) continue;
      const std::string junk(4096, '\x5a');
      (void)!send(client, junk.data(), junk.size(), MSG_NOSIGNAL);
      close(client);
    }
  });
  auto bridge = BridgeTo(address);
  for (int i = 0; i < 3; ++i) {
    ExpectError(bridge->Call("GET", "/live/x"), 503);
  }
  EXPECT_TRUE(bridge->process->running());
  stop = true;
  HttpConnection wakes_it(address);
  server.join();
  close(fd);
}

TEST_F(UpstreamFaultsTest, TooLargeAMessageIsToldWithBothNumbers) {
  const std::string large(20 << 20, 'x');
  backend_->Set(Path("Plain"), Answer{.messages = {FaultEvent(0, large)}});
  const std::string words = "exceeds the limit of 4194304 bytes";
  // While the message is under way the status line may leave or not.
  const HttpAnswer first = bridge_->Call("GET", "/plain/x");
  EXPECT_TRUE(first.status == 200 || first.status == 429) << first.status;
  EXPECT_NE(first.body.find(words), std::string::npos) << first.body;
  backend_->Set(Path("Plain"), Answer{.messages = {FaultEvent(0, "small"),
                                                   FaultEvent(0, large)}});
  HttpConnection stream = bridge_->Stream("/plain/x");
  EXPECT_EQ(Data(stream.Event())["text"], "small");
  const SseEvent end = stream.Event();
  ExpectStatusEvent(end, 8);
  EXPECT_NE(end.data.find("a message of 209715"), std::string::npos)
      << end.data;
  EXPECT_NE(end.data.find(words), std::string::npos) << end.data;

  auto generous = BridgeTo(backend_->address(), {"--max-message", "33554432"});
  HttpConnection whole = generous->Stream("/plain/x");
  EXPECT_EQ(Data(whole.Event())["text"], "small");
  EXPECT_EQ(Data(whole.Event())["text"].get<std::string>().size(),
            large.size());
}

TEST_F(UpstreamFaultsTest, StallAndSlowLinksOnlyDelay) {
  LinkProxy link(backend_->address());
  auto bridge = BridgeTo(link.address(), {"--keep-alive", "200ms"});
  LinkProxy client_link(bridge->address);
  link.Split(1);
  client_link.Split(1);
  client_link.Delay(5);
  backend_->Set(Path("Own"),
                Answer{.messages = {FaultEvent(1, "one"), FaultEvent(2, "two")},
                       .stay = true});
  HttpConnection stream(client_link.address());
  stream.Send(bridge->Request("GET", "/own/x"));
  EXPECT_EQ(stream.ReadHead().status, 200);
  EXPECT_EQ(Data(stream.Event())["text"], "one");
  EXPECT_EQ(Data(stream.Event())["text"], "two");

  link.Split(0);
  link.Swallow(true);
  HttpConnection stalled = bridge->Stream("/own/y");
  for (int pings = 0; pings < 2;) {
    const auto block = stalled.NextBlock();
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ(block->data, "");
    pings += block->comment == "ping" ? 1 : 0;
  }
  link.Swallow(false);
  EXPECT_EQ(Data(stalled.Event())["text"], "one");
}

TEST_F(UpstreamFaultsTest, CutLinkIsResumedAndTold) {
  LinkProxy link(backend_->address());
  auto bridge = BridgeTo(link.address());
  for (const std::string method : {"Own", "Shared"}) {
    backend_->Set(Path(method), [](const std::string& request) {
      Answer answer{.stay = true};
      int after = 0;
      for (int id = 1; id < 20; ++id)
        after = AsksAfter(request, id) ? id : after;
      answer.messages = {FaultEvent(after + 1, "e"),
                         FaultEvent(after + 2, "e")};
      return answer;
    });
    HttpConnection stream =
        bridge->Stream(method == "Own" ? "/own/x" : "/shared/x");
    for (int round = 0; round < 4; ++round) {
      for (int i = 1; i <= 2; ++i) {
        EXPECT_EQ(stream.Event().id, std::to_string(2 * round + i));
      }
      link.Cut();
      for (bool away = false; !away;) {
        const auto block = stream.NextBlock();
        ASSERT_TRUE(block.has_value());
        EXPECT_EQ(block->data, "");
        away = block->comment == "upstream is away";
      }
    }
    EXPECT_EQ(stream.Event().id, "9");
  }
  const std::string log = bridge->process->Stderr();
  EXPECT_NE(log.find("circuit open: /faults.v1.Faults/Own"), std::string::npos)
      << log;
  EXPECT_NE(log.find("circuit half open"), std::string::npos);
  WaitFor("the log", [&] {
    return bridge->process->Stderr().find("circuit closed") !=
           std::string::npos;
  });
}

TEST_F(UpstreamFaultsTest, ReturningBrowsersAreNotRefusedWhileUpstreamIsAway) {
  const std::string address = backend_->address();
  const int port = backend_->port();
  backend_ = nullptr;
  // On a first visit the refusal is the answer.
  ExpectError(bridge_->Call("GET", "/own/x"), 503);
  HttpConnection own = bridge_->Stream("/own/x", "", "1");
  HttpConnection shared = bridge_->Stream("/shared/x", "", "1");
  for (HttpConnection* stream : {&own, &shared}) {
    for (bool away = false; !away;) {
      const auto block = stream->NextBlock();
      ASSERT_TRUE(block.has_value());
      away = block->comment == "upstream is away";
    }
  }
  backend_ = std::make_unique<TestBackend>(TestBackend::Options{.port = port});
  for (const std::string method : {"Own", "Shared"}) {
    backend_->Set(Path(method), [](const std::string& request) {
      return AsksAfter(request, 1)
                 ? Answer{.messages = {FaultEvent(2, "e")}, .stay = true}
                 : Answer{.code = 3};
    });
  }
  EXPECT_EQ(own.Event().id, "2");
  EXPECT_EQ(shared.Event().id, "2");
}

TEST_F(UpstreamFaultsTest, MethodSaysWhatIsALossAndHowLongItIsTried) {
  backend_->Set(Path("Hasty"), Live(0, "first"));
  StreamClients clients(bridge_->address);
  for (int i = 0; i < 60; ++i) clients.Add("/hasty/x");
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return r.events.size() == 1; },
      seconds(20)));
  // ABORTED is a loss here, and INTERNAL none.
  RestartBackend();
  backend_->Set(
      Path("Hasty"), [calls = std::make_shared<int>(0)](const std::string&) {
        return ++*calls == 1 ? Answer{.messages = {FaultEvent(0, "second")},
                                      .code = kAborted}
                             : Live(0, "third");
      });
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) {
        return !r.events.empty() &&
               r.events.back().data.find("third") != std::string::npos;
      },
      seconds(20)));
  clients.ForEach([](size_t, const StreamRecord& r) {
    EXPECT_EQ(r.opened, 1);
    EXPECT_EQ(r.dropped + r.ended, 0);
  });

  // After a second it is given up: all are told, and each when to come back.
  backend_ = nullptr;
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return r.ended >= 1; }, seconds(20)));
  std::set<int> retries;
  clients.ForEach([&](size_t, const StreamRecord& r) {
    EXPECT_EQ(r.dropped, 0);
    EXPECT_EQ(r.events.back().event, "grpc-status");
    ASSERT_EQ(r.retries_ms.size(), 1u);
    EXPECT_GE(r.retries_ms[0], 1000);
    EXPECT_LE(r.retries_ms[0], 5000);
    retries.insert(r.retries_ms[0]);
  });
  EXPECT_GT(retries.size(), 40u);  // not all at once
}

TEST_F(UpstreamFaultsTest, RestartOfFiveSecondsClosesNoneOfFiveThousand) {
  constexpr size_t kBrowsers = 5000;
  constexpr size_t kFeeds = 5;
  ASSERT_GT(RaiseDescriptors(), kBrowsers + 200);
  backend_->Set(Path("Live"), Live(1, "before"));
  LinkProxy link(backend_->address());
  auto bridge = BridgeTo(link.address());
  StreamClients clients(bridge->address);
  for (size_t i = 0; i < kBrowsers; ++i) {
    clients.Add("/live/" + std::to_string(i % kFeeds));
  }
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return !r.events.empty(); },
      seconds(60)));
  EXPECT_EQ(backend_->seen().started, static_cast<int>(kFeeds));
  const int port = backend_->port();
  // As the wire shows a crash: a reset, and no answer until it is back.
  link.Swallow(true);
  link.Cut();
  backend_ = nullptr;
  link.Swallow(false);
  EXPECT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return r.away; }, seconds(20)));
  std::this_thread::sleep_for(seconds(5));
  backend_ = std::make_unique<TestBackend>(TestBackend::Options{.port = port});
  backend_->Set(Path("Live"), Live(2, "after"));
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return r.events.size() == 2; },
      seconds(60)));
  clients.ForEach([](size_t, const StreamRecord& r) {
    ASSERT_EQ(r.opened, 1);
    ASSERT_EQ(r.dropped + r.ended + r.failed, 0);
    ASSERT_NE(r.events[1].data.find("after"), std::string::npos);
  });
  EXPECT_EQ(backend_->seen().started, static_cast<int>(kFeeds));
  EXPECT_EQ(clients.open(), kBrowsers);
}

// Waits and ages are times that pass, not times of day.
TEST_F(UpstreamFaultsTest, ClockJumpsEndNothingAndForgetNothing) {
  TemporaryDirectory files;
  const std::string file = files.path() + "/shift";
  const auto shift = [&](int64_t seconds) {
    std::string bytes(reinterpret_cast<const char*>(&seconds), sizeof seconds);
    const int fd = open(file.c_str(), O_WRONLY | O_CREAT, 0600);
    EXPECT_EQ(write(fd, bytes.data(), bytes.size()), 8);
    close(fd);
  };
  shift(0);
  backend_->Set(Path("Buffered"),
                Answer{.messages = {FaultEvent(1, "a"), FaultEvent(2, "b")},
                       .stay = true});
  backend_->Set(Path("Shared"), Live(1, "before"));
  backend_->Set(Path("Ask"), Answer{.messages = {FaultEvent(1, "a")}});
  auto bridge = BridgeTo(backend_->address(), {"--keep-alive", "200ms"},
                         {"env", std::string("LD_PRELOAD=") + SSE_CLOCK_SHIFT,
                          "CLOCK_SHIFT_FILE=" + file});
  const auto wait_for_ping = [](HttpConnection* stream) {
    for (;;) {
      const auto block = stream->NextBlock();
      ASSERT_TRUE(block.has_value());
      if (block->comment == "ping") return;
    }
  };
  HttpConnection buffered = bridge->Stream("/buffered/x");
  HttpConnection shared = bridge->Stream("/shared/x");
  EXPECT_EQ(shared.Event().id, "1");
  EXPECT_EQ(buffered.Event().id, "1");
  EXPECT_EQ(buffered.Event().id, "2");
  for (const int64_t hours : {24, -48, 0}) {
    SCOPED_TRACE(hours);
    shift(hours * 3600);
    // Its deadline is not over because the time of day has changed.
    EXPECT_EQ(bridge->Call("GET", "/ask/x").status, 200);
    wait_for_ping(&shared);
    // The buffer forgets after five minutes.
    EXPECT_EQ(bridge->Stream("/buffered/x", "", "1").Event().id, "2");
  }
  // A lost backend is given up after five minutes.
  const int port = backend_->port();
  backend_ = nullptr;
  for (bool away = false; !away;) {
    const auto block = shared.NextBlock();
    ASSERT_TRUE(block.has_value());
    away = block->comment == "upstream is away";
  }
  for (const int64_t hours : {24, -24}) {
    shift(hours * 3600);
    wait_for_ping(&shared);
    wait_for_ping(&shared);
  }
  backend_ = std::make_unique<TestBackend>(TestBackend::Options{.port = port});
  backend_->Set(Path("Shared"), [](const std::string& request) {
    return AsksAfter(request, 1) ? Live(2, "after") : Answer{.code = 3};
  });
  EXPECT_EQ(shared.Event().id, "2");
}

}  // namespace
}  // namespace sse_bridge::testing
