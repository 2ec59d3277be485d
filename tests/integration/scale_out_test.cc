// Two bridges and two backends over one Redis are one service: a client moves
// between them and misses nothing.

#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"
#include "tests/support/redis_server.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

// Longer than the lease of a channel's session.
constexpr auto kLeasePatience = std::chrono::seconds(60);

const Strings& BackendOptions() {
  static const auto& options =
      *new Strings{"--nosimulate_market", "--presence-grace=2s"};
  return options;
}

class ScaleOutTest : public ::testing::Test {
 protected:
  ScaleOutTest()
      : redis_(RedisServer::Durability::kDurable),
        backends_{Backends(redis_.url(), "127.0.0.1:0", BackendOptions()),
                  Backends(redis_.url(), "127.0.0.1:0", BackendOptions())},
        bridges_{Bridge(backends_[0].address, BridgeOptions()),
                 Bridge(backends_[1].address, BridgeOptions())} {}

  Strings BridgeOptions() const {
    return {"--limits-redis", redis_.url() + "/1", "--descriptor-set",
            ShortLeaseSchema()};
  }

  // Valid at both bridges: they have the same key.
  std::string Everything(const std::string& subject) const {
    return bridges_[0].Token(
        subject,
        "--scope notifications:read --scope notifications:write "
        "--scope tasks:write --scope prices:publish");
  }

  json Post(int bridge, const std::string& target, const std::string& token,
            const json& body) const {
    const HttpAnswer answer = bridges_[bridge].Call(
        "POST", target, token, body.is_null() ? "" : body.dump());
    EXPECT_EQ(answer.status, 200) << target << " " << answer.body;
    return json::parse(answer.body, nullptr, false);
  }

  void WaitForMembers(int bridge, const std::string& channel,
                      const Strings& users) const {
    const std::string token = Everything("observer");
    std::string last;
    WaitFor("members", [&] {
      const HttpAnswer answer = bridges_[bridge].Call(
          "GET", "/channels/" + channel + "/members", token);
      last = answer.body;
      return answer.status == 200 && json::parse(last)["user_ids"] == users;
    });
    EXPECT_EQ(json::parse(last, nullptr, false)["user_ids"], users);
  }

  RedisServer redis_;
  Backends backends_[2];
  Bridge bridges_[2];
};

// The next event that is no notice of somebody's coming or going.
SseEvent NextMessage(HttpConnection* stream) {
  for (;;) {
    SseEvent event = stream->Event();
    if (event.event == "message" || event.data == "null") return event;
  }
}

TEST_F(ScaleOutTest, AClientThatMovesMissesNoNotificationAndGetsNoneTwice) {
  constexpr int kTotal = 300;
  constexpr int kVisits = 10;
  const std::string ann = Everything("ann");
  std::thread writer([&] {
    for (int i = 0; i < kTotal; ++i) {
      Post(i % 2, "/notifications", ann,
           {{"user_id", "ann"}, {"title", std::to_string(i)}});
    }
  });
  std::string last_id;
  int next = 0;
  for (int visit = 0; visit < kVisits; ++visit) {
    HttpConnection stream =
        bridges_[visit % 2].Stream("/notifications/stream", ann, last_id);
    for (int i = 0; i < kTotal / kVisits; ++i) {
      const SseEvent event = stream.Event();
      ASSERT_EQ(Data(event)["title"], std::to_string(next)) << visit;
      ASSERT_FALSE(event.id.empty());
      last_id = event.id;
      ++next;
    }
  }
  writer.join();
}

TEST_F(ScaleOutTest, AClientThatMovesMissesNoMessageOfAChannel) {
  constexpr int kTotal = 200;
  constexpr int kVisits = 10;
  const std::string ann = Everything("ann"), ben = Everything("ben");
  std::string last_id;
  // The channel's beginning: an id to resume from.
  {
    HttpConnection stream = bridges_[0].Stream("/channels/c/stream", ann);
    EXPECT_EQ(stream.Event().event, "system");
    Post(1, "/channels/c/messages", ben, {{"content", "first"}});
    last_id = NextMessage(&stream).id;
  }
  std::thread writer([&] {
    for (int i = 0; i < kTotal; ++i) {
      Post(i % 2, "/channels/c/messages", ben,
           {{"content", std::to_string(i)}});
    }
  });
  int next = 0;
  for (int visit = 0; visit < kVisits; ++visit) {
    HttpConnection stream =
        bridges_[visit % 2].Stream("/channels/c/stream", ann, last_id);
    for (int i = 0; i < kTotal / kVisits; ++i) {
      const SseEvent event = NextMessage(&stream);
      ASSERT_EQ(Data(event)["payload"]["content"], std::to_string(next));
      last_id = event.id;
      ++next;
    }
  }
  writer.join();
  const HttpAnswer history =
      bridges_[1].Call("GET", "/channels/c/messages?page_size=500", ann);
  EXPECT_EQ(json::parse(history.body)["messages"].size(), kTotal + 1u);
}

TEST_F(ScaleOutTest, PresenceIsOneForAllBackendsAndEndsWithTheBridgesLease) {
  const std::string ann = Everything("ann"), ben = Everything("ben");
  HttpConnection here = bridges_[0].Stream("/channels/c/stream", ann);
  EXPECT_EQ(here.Event().event, "system");
  WaitForMembers(1, "c", {"ann"});
  std::optional<HttpConnection> there(
      bridges_[1].Stream("/channels/c/stream", ben));
  EXPECT_EQ(there->Event().event, "system");
  SseEvent event = here.Event();
  EXPECT_EQ(event.event, "join");
  EXPECT_EQ(Data(event)["payload"]["user_id"], "ben");
  for (int bridge : {0, 1}) WaitForMembers(bridge, "c", {"ann", "ben"});

  // A move within the grace is neither a leave nor a join.
  there.reset();
  there.emplace(bridges_[0].Stream("/channels/c/stream", ben));
  EXPECT_EQ(there->Event().event, "system");
  Post(1, "/channels/c/typing", ben, {});
  event = here.Event();
  EXPECT_EQ(event.event, "typing");
  WaitForMembers(1, "c", {"ann", "ben"});

  HttpConnection observer =
      bridges_[1].Stream("/channels/c/stream", Everything("cat"));
  EXPECT_EQ(observer.Event().event, "system");
  EXPECT_EQ(here.Event().event, "join");
  // Sessions survive their backend, and end with their bridge's leases.
  backends_[0].process->Signal(SIGKILL);
  backends_[0].process->Wait();
  WaitForMembers(1, "c", {"ann", "ben", "cat"});
  bridges_[0].process->Signal(SIGKILL);
  bridges_[0].process->Wait();
  const auto deadline = std::chrono::steady_clock::now() + kLeasePatience;
  const std::string token = Everything("observer");
  json members;
  while (members != json({"cat"})) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << members;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    members = json::parse(
        bridges_[1].Call("GET", "/channels/c/members", token).body)["user_ids"];
  }
  std::set<std::string> left;
  for (int i = 0; i < 2; ++i) {
    event = observer.Event();
    EXPECT_EQ(event.event, "leave");
    left.insert(Data(event)["payload"]["user_id"]);
  }
  EXPECT_EQ(left, (std::set<std::string>{"ann", "ben"}));
}

TEST_F(ScaleOutTest, MembershipAndTheAccessRuleHoldAtEveryBackend) {
  const std::string ann = Everything("ann"), ben = Everything("ben"),
                    eve = Everything("eve");
  ExpectError(bridges_[1].Call("GET", "/channels/private-x/messages", ben),
              403);
  Post(0, "/channels/private-x/members", ann, {{"invitee", "ben"}});
  HttpConnection stream = bridges_[1].Stream("/channels/private-x/stream", ben);
  EXPECT_EQ(stream.Event().event, "system");
  Post(0, "/channels/private-x/messages", ann, {{"content", "hi"}});
  EXPECT_EQ(Data(NextMessage(&stream))["payload"]["content"], "hi");
  for (const Bridge& bridge : bridges_) {
    ExpectError(bridge.Call("GET", "/channels/private-x/stream", eve), 403,
                "cannot join channel");
    ExpectError(bridge.Call("POST", "/channels/private-x/members", ben,
                            R"({"invitee":"eve"})"),
                403);
  }
}

TEST_F(ScaleOutTest, ATaskIsTheSameAtEveryBackendAndEndsOnce) {
  const std::string ann = Everything("ann");
  for (const Bridge& bridge : bridges_) {
    ExpectError(bridge.Call("GET", "/tasks/none/progress", ann), 404);
  }
  Post(0, "/tasks", ann, {{"task_id", "t"}});
  ExpectError(bridges_[1].Call("POST", "/tasks", ann, R"({"task_id":"t"})"),
              409);
  Post(0, "/tasks/t", ann, {{"status", "running"}, {"progress", 0.5}});
  HttpConnection stream = bridges_[1].Stream("/tasks/t/progress", ann);
  SseEvent event = stream.Event();
  EXPECT_EQ(Data(event)["progress"], 0.5) << "the current state first";
  // Of many who end it at once, at both backends, one does.
  std::atomic<int> ended{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const int status =
          bridges_[i % 2]
              .Call("POST", "/tasks/t", ann, R"({"status":"completed"})")
              .status;
      ++(status == 200 ? ended : refused);
      EXPECT_TRUE(status == 200 || status == 400) << status;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(refused, 7);
  const SseEvent last = stream.Event();
  EXPECT_EQ(Data(last)["status"], "completed");
  ExpectStatusEvent(stream.Event(), 0);
  EXPECT_EQ(stream.NextBlock(), std::nullopt);
}

TEST_F(ScaleOutTest, PricesAreTheSameAtEveryBackend) {
  const std::string ann = Everything("ann");
  Post(0, "/prices", ann, {{"symbol", "A"}, {"price", 1}});
  // One that comes later, elsewhere, begins with the newest.
  HttpConnection here = bridges_[0].Stream("/prices/stream?symbols=A");
  HttpConnection there = bridges_[1].Stream("/prices/stream?symbols=A");
  EXPECT_EQ(Data(here.Event())["price"], 1);
  EXPECT_EQ(Data(there.Event())["price"], 1);
  // Published at both at once, they are seen in one order.
  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i) {
        Post(w, "/prices", ann,
             {{"symbol", "A"}, {"price", 100 * (w + 1) + i}});
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  Post(0, "/prices", ann, {{"symbol", "A"}, {"price", 7}});
  for (HttpConnection* stream : {&here, &there}) {
    json data;
    do {
      data = Data(stream->Event());
      ASSERT_TRUE(data.contains("price")) << data;
    } while (data["price"] != 7);
  }
}

TEST_F(ScaleOutTest, AcknowledgedNotificationsSurviveKill9OfRedisOnce) {
  constexpr int kWriters = 4;
  constexpr int kRounds = 3;
  const std::string ann = Everything("ann");
  std::vector<std::set<std::string>> acknowledged(kWriters);
  std::atomic<bool> stop{false};
  std::atomic<int> count{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      while (!stop) {
        const HttpAnswer answer =
            bridges_[w % 2].Call("POST", "/notifications", ann,
                                 R"({"user_id":"ann","title":"storm"})");
        if (answer.status == 200) {
          acknowledged[w].insert(json::parse(answer.body)["id"]);
          ++count;
        } else {
          EXPECT_EQ(answer.status, 503) << answer.body;
        }
      }
    });
  }
  HttpConnection live = bridges_[0].Stream("/notifications/stream", ann);
  for (int round = 0; round < kRounds; ++round) {
    const int before = count;
    WaitFor("the storm", [&] { return count > before + 50; });
    redis_.Kill();
    redis_.Restart();
  }
  const int before = count;
  WaitFor("the storm", [&] { return count > before + 50; });
  stop = true;
  for (std::thread& writer : writers) writer.join();
  std::set<std::string> expected;
  for (const auto& mine : acknowledged) {
    expected.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(expected.size(), static_cast<size_t>(count));
  const std::string last = Post(1, "/notifications", ann,
                                {{"user_id", "ann"}, {"title", "last"}})["id"];
  // A stream that was open all the while, and one that comes afterwards.
  HttpConnection later = bridges_[1].Stream("/notifications/stream", ann);
  for (HttpConnection* stream : {&live, &later}) {
    std::multiset<std::string> seen;
    for (;;) {
      const SseEvent event = stream->Event();
      const json data = Data(event);
      ASSERT_TRUE(data.contains("id")) << event.data;
      if (data["id"] == last) break;
      seen.insert(data["id"].get<std::string>());
    }
    for (const std::string& id : expected) EXPECT_EQ(seen.count(id), 1u) << id;
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(),
              seen.size());
  }
}

TEST_F(ScaleOutTest, LimitsPerSubjectAreShared) {
  const std::string ann = Everything("ann");
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(bridges_[i % 2].Stream("/channels/c/stream", ann));
  }
  for (const Bridge& bridge : bridges_) {
    ExpectError(bridge.Call("GET", "/channels/c/stream", ann), 429,
                "too many connections");
  }
  streams[0].Close();
  WaitFor("the free slot", [&] {
    HttpConnection stream(bridges_[1].address);
    stream.Send(bridges_[1].Request("GET", "/channels/c/stream", ann));
    const bool open = stream.ReadHead().status == 200;
    if (open) streams.push_back(std::move(stream));
    return open;
  });
  ExpectError(bridges_[0].Call("GET", "/channels/c/stream", ann), 429);

  // Without Redis each bridge's own limit holds, and it is logged.
  const std::string ben = Everything("ben");
  redis_.Kill();
  for (int i = 0; i < 10; ++i) {
    HttpConnection stream(bridges_[0].address);
    stream.Send(bridges_[0].Request("GET", "/prices/stream?symbols=A", ben));
    EXPECT_EQ(stream.ReadHead().status, 200);
    streams.push_back(std::move(stream));
  }
  ExpectError(bridges_[0].Call("GET", "/prices/stream?symbols=A", ben), 429);
  EXPECT_NE(bridges_[0].process->Stderr().find("limits per subject apply"),
            std::string::npos);
}

// A Redis that takes connections and says nothing holds up neither the streams
// nor anybody else.
TEST_F(ScaleOutTest, ARedisThatStallsHoldsUpNobody) {
  const std::string ann = Everything("ann");
  const auto open = [&](const Bridge& bridge) {
    HttpConnection stream(bridge.address);
    stream.Send(bridge.Request("GET", "/prices/stream?symbols=A", ann));
    return stream;
  };
  std::vector<HttpConnection> streams;
  streams.push_back(open(bridges_[0]));
  ASSERT_EQ(streams.back().ReadHead().status, 200);
  redis_.Pause();
  // All of them are asked for before any is read.
  for (int i = 0; i < 14; ++i) streams.push_back(open(bridges_[0]));
  EXPECT_EQ(bridges_[0].Call("GET", "/openapi.json").status, 200);
  int refused = 0;
  for (size_t i = 1; i < streams.size(); ++i) {
    refused += streams[i].ReadHead().status == 429;
  }
  EXPECT_EQ(refused, 5) << "its own limit";
  EXPECT_EQ(open(bridges_[1]).ReadHead().status, 200);
  redis_.Continue();
  // The numbers are right again: the other bridge knows that there are 10.
  WaitFor("the numbers", [&] {
    HttpConnection stream = open(bridges_[1]);
    return stream.ReadHead().status == 429;
  });
  streams.clear();
  WaitFor("the free slots", [&] {
    for (int i = 0; i < 10; ++i) {
      streams.push_back(open(bridges_[1]));
      if (streams.back().ReadHead().status == 200) continue;
      streams.clear();
      return false;
    }
    return true;
  });
}

// One bridge over both backends: a drained one's streams go on at the other.
TEST_F(ScaleOutTest, ADrainedBackendsStreamsGoOnElsewhere) {
  constexpr int kTotal = 200;
  const std::string ann = Everything("ann");
  Bridge bridge(backends_[0].address + "," + backends_[1].address);
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(bridge.Stream("/notifications/stream", ann));
  }
  std::atomic<int> posted{0};
  std::thread writer([&] {
    for (int i = 0; i < kTotal; ++i) {
      Post(1, "/notifications", ann,
           {{"user_id", "ann"}, {"title", std::to_string(i)}});
      ++posted;
    }
  });
  WaitFor("notifications", [&] { return posted > kTotal / 4; });
  backends_[0].process->Signal(SIGTERM);
  EXPECT_EQ(backends_[0].process->Wait(), 0);
  for (HttpConnection& stream : streams) {
    for (int i = 0; i < kTotal; ++i) {
      ASSERT_EQ(Data(stream.Event())["title"], std::to_string(i));
    }
  }
  writer.join();
}

}  // namespace
}  // namespace sse_bridge::testing
