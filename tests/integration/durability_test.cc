// What is acknowledged is there after kill -9, once.

#include <atomic>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

TEST(DurabilityTest, AcknowledgedNotificationsSurviveKill9Once) {
  TemporaryDirectory store;
  auto backends = std::make_unique<Backends>(store.path());
  const std::string address = backends->address;
  Bridge bridge(address);
  const std::string token = bridge.Token(
      "ann", "--scope notifications:write --scope notifications:read");

  std::vector<std::set<std::string>> acknowledged(4);
  std::atomic<bool> stop{false};
  std::atomic<int> count{0};
  std::vector<std::thread> writers;
  for (auto& mine : acknowledged) {
    writers.emplace_back([&] {
      while (!stop) {
        const HttpAnswer answer =
            bridge.Call("POST", "/notifications", token,
                        R"({"user_id":"ann","title":"storm"})");
        if (answer.status != 200) continue;
        mine.insert(json::parse(answer.body)["id"]);
        ++count;
      }
    });
  }
  while (count < 200) std::this_thread::yield();
  backends->process->Signal(SIGKILL);
  backends->process->Wait();
  stop = true;
  for (std::thread& writer : writers) writer.join();

  backends = std::make_unique<Backends>(store.path(), address);
  std::multiset<std::string> expected, seen;
  for (const auto& mine : acknowledged)
    expected.insert(mine.begin(), mine.end());
  // The connection to the backend may take a moment to come back.
  HttpAnswer head;
  for (int i = 0; i < 100 && head.status != 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    head = bridge.Call("POST", "/notifications", token,
                       R"({"user_id":"ben","title":"are you back?"})");
  }
  HttpConnection stream = bridge.Stream("/notifications/stream", token);
  // A last one, so that the end of the unread ones can be told.
  const HttpAnswer last = bridge.Call("POST", "/notifications", token,
                                      R"({"user_id":"ann","title":"last"})");
  ASSERT_EQ(last.status, 200);
  const std::string last_id = json::parse(last.body)["id"];
  for (;;) {
    const auto event = stream.NextEvent();
    ASSERT_TRUE(event.has_value());
    const json data = json::parse(event->data);
    if (data["id"] == last_id) break;
    EXPECT_EQ(event->event, "unread");
    seen.insert(data["id"].get<std::string>());
  }
  for (const std::string& id : expected) EXPECT_EQ(seen.count(id), 1u) << id;
}

}  // namespace
}  // namespace sse_bridge::testing
