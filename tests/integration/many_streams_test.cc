// Many streams on one bridge with its default settings.

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tests/integration/loopback.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

constexpr int kStreams = 2000;
constexpr int kThreads = 40;  // there must be fewer

// gRPC's own pool may grow by one or two with the calls that are under way.
constexpr int kThreadsOfOthers = 2;

class ManyStreamsTest : public ServicesTest {
 protected:
  static void SetUpTestSuite() {
    ASSERT_GT(RaiseDescriptors(), static_cast<unsigned long>(kStreams + 100));
  }
};

TEST_F(ManyStreamsTest, EachReceivesEveryEventAndThreadsDoNotGrow) {
  Publish("MANY", 1);
  HttpConnection first = bridge_.Stream("/prices/stream?symbols=MANY");
  EXPECT_EQ(Data(first.Event())["price"], 1);
  const int threads = bridge_.process->threads();
  EXPECT_GT(threads, 0);
  EXPECT_LT(threads, kThreads);

  std::vector<HttpConnection> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.emplace_back(bridge_.address);
    streams.back().Send(bridge_.Request("GET", "/prices/stream?symbols=MANY"));
  }
  for (HttpConnection& stream : streams) {
    ASSERT_EQ(stream.ReadHead().status, 200);
    ASSERT_EQ(Data(stream.Event())["price"], 1);
  }
  EXPECT_LE(bridge_.process->threads(), threads + kThreadsOfOthers);
  for (int price = 2; price <= 20; ++price) {
    Publish("MANY", price);
    // Of live values the newest counts: one that has not left may be replaced.
    ASSERT_EQ(Data(first.Event())["price"], price);
  }
  EXPECT_LE(bridge_.process->threads(), threads + kThreadsOfOthers);
  for (HttpConnection& stream : streams) {
    for (int price = 2; price <= 20; ++price) {
      ASSERT_EQ(Data(stream.Event())["price"], price);
    }
  }
}

TEST_F(ManyStreamsTest, EachUsersOwnStreamReceivesEveryEvent) {
  // Not shared: one upstream call for each stream.
  constexpr int kUsers = 200;
  constexpr int kEvents = 5;
  std::vector<std::string> tokens;
  std::vector<HttpConnection> streams;
  for (int i = 0; i < kUsers; ++i) {
    tokens.push_back(bridge_.Sign(
        {{"sub", "user" + std::to_string(i)}, {"exp", 4102444800}}));
    streams.push_back(bridge_.Stream("/channels/crowd/stream", tokens.back()));
    ASSERT_EQ(streams.back().Event().event, "system");
  }
  const int threads = bridge_.process->threads();
  EXPECT_LT(threads, kThreads);
  for (int i = 0; i < kEvents; ++i) {
    Post("/channels/crowd/messages", tokens[0],
         {{"content", std::to_string(i)}});
  }
  for (HttpConnection& stream : streams) {
    for (int next = 0; next < kEvents;) {
      const SseEvent event = stream.Event();
      if (event.event == "join") continue;
      ASSERT_EQ(event.event, "message");
      ASSERT_EQ(Data(event)["payload"]["content"], std::to_string(next));
      ++next;
    }
  }
}

}  // namespace
}  // namespace sse_bridge::testing
