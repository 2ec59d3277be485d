// What is acknowledged is there after kill -9, once.

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

constexpr int kWriters = 8;
constexpr int kBeforeTheEnd = 300;  // acknowledged when the backends are killed

using DurabilityTest = ServicesTest;

TEST_F(DurabilityTest, AcknowledgedNotificationsSurviveKill9Once) {
  const std::string ann = Everything("ann");
  std::vector<std::set<std::string>> acknowledged(kWriters);
  std::atomic<bool> refused{false};
  std::atomic<int> count{0};
  std::vector<std::thread> writers;
  for (auto& mine : acknowledged) {
    writers.emplace_back([&] {
      while (!refused) {
        const HttpAnswer answer =
            bridge_.Call("POST", "/notifications", ann,
                         R"({"user_id":"ann","title":"storm"})");
        if (answer.status == 200) {
          mine.insert(json::parse(answer.body)["id"].get<std::string>());
          ++count;
        } else {
          EXPECT_EQ(answer.status, 503) << answer.body;
          refused = true;
        }
      }
    });
  }
  WaitFor("the storm", [&] { return count >= kBeforeTheEnd; });
  // In the midst of it: every writer goes on until one is refused.
  backends_.process->Signal(SIGKILL);
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(backends_.process->Wait(), 128 + SIGKILL);
  backends_ = Backends(store_.path(), backends_.address);
  WaitForBackends();

  std::set<std::string> expected;
  for (const auto& mine : acknowledged) {
    expected.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(expected.size(), static_cast<size_t>(count));
  HttpConnection stream = bridge_.Stream("/notifications/stream", ann);
  // So that the end of the unread ones can be told.
  const std::string last = Notify("ann", "last");
  std::multiset<std::string> seen;
  for (;;) {
    const SseEvent event = stream.Event();
    json data = Data(event);
    ASSERT_TRUE(data.is_object());
    if (data["id"] == last) break;
    EXPECT_EQ(event.event, "unread");
    EXPECT_EQ(data["title"], "storm");
    seen.insert(data["id"].get<std::string>());
  }
  for (const std::string& id : expected) EXPECT_EQ(seen.count(id), 1u) << id;
  // Beyond them only what was under way when the end came.
  EXPECT_LE(seen.size(), expected.size() + kWriters);
}

TEST_F(DurabilityTest, EverythingThatIsKeptSurvivesAnOrderlyEnd) {
  const std::string ann = Everything("ann");
  const std::string read = Notify("ann", "read");
  const std::string unread = Notify("ann", "unread");
  Post("/notifications/" + read + "/read", ann, {});
  Post("/tasks", ann, {{"task_id", "t"}, {"message", "m"}});
  Post("/channels/private-x/members", ann, {{"invitee", "ben"}});
  Post("/channels/private-x/messages", ann, {{"content", "hi"}});
  backends_.process->Signal(SIGTERM);
  EXPECT_EQ(backends_.process->Wait(), 0);
  backends_ = Backends(store_.path(), backends_.address);
  WaitForBackends();

  HttpConnection notifications = bridge_.Stream("/notifications/stream", ann);
  EXPECT_EQ(Data(notifications.Event())["id"], unread);
  HttpConnection task = bridge_.Stream("/tasks/t/progress", ann);
  EXPECT_EQ(Data(task.Event())["message"], "m");
  const auto history = [&](const std::string& user) {
    return bridge_.Call("GET", "/channels/private-x/messages",
                        bridge_.Token(user));
  };
  EXPECT_EQ(json::parse(history("ben").body)["messages"][0]["content"], "hi");
  ExpectError(history("eve"), 403);
}

}  // namespace
}  // namespace sse_bridge::testing
