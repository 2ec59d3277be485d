// Many streams on one bridge with its default settings.

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"

namespace sse_bridge::testing {
namespace {

constexpr int kStreams = 2000;
constexpr int kMaxThreads = 40;

TEST(ManyStreamsTest, EachReceivesEveryEventAndThreadsDoNotGrow) {
  TemporaryDirectory store;
  Backends backends(store.path());
  Bridge bridge(backends.address);
  const std::string publisher =
      bridge.Token("publisher", "--scope prices:publish");
  const auto publish = [&](int price) {
    const HttpAnswer answer = bridge.Call(
        "POST", "/prices", publisher,
        R"({"symbol":"MANY","price":)" + std::to_string(price) + "}");
    EXPECT_EQ(answer.status, 200) << answer.body;
  };
  publish(1);
  HttpConnection first = bridge.Stream("/prices/stream?symbols=MANY");
  const int threads = bridge.process->threads();
  std::vector<HttpConnection> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(bridge.Stream("/prices/stream?symbols=MANY"));
  }
  EXPECT_LT(bridge.process->threads(), kMaxThreads);
  EXPECT_LE(bridge.process->threads(), threads + 2);
  for (int price = 2; price <= 5; ++price) publish(price);
  for (HttpConnection& stream : streams) {
    for (int price = 1; price <= 5; ++price) {
      ASSERT_EQ(nlohmann::json::parse(stream.NextEvent()->data)["price"],
                price);
    }
  }
}

}  // namespace
}  // namespace sse_bridge::testing
