#include "bridge/net/wake_batch.h"

#include <cstdint>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

class CountingPoller final : public Poller {
 public:
  explicit CountingPoller(int* wakes) : wakes_(wakes) {}

  absl::Status Start() override { return absl::OkStatus(); }
  int Add(int, uint64_t, uint32_t) override { return 0; }
  int Modify(int, uint64_t, uint32_t) override { return 0; }
  void Remove(int) override {}
  void Wake() override { ++*wakes_; }
  int Wait(epoll_event*, int64_t) override { return 0; }

 private:
  int* const wakes_;
};

TEST(WakeBatchTest, ALoopIsWokenOnceAtTheEnd) {
  int first_wakes = 0;
  int second_wakes = 0;
  const auto first = std::make_shared<CountingPoller>(&first_wakes);
  const auto second = std::make_shared<CountingPoller>(&second_wakes);
  {
    const WakeBatch batch;
    EXPECT_TRUE(WakeBatch::Add(first));
    EXPECT_TRUE(WakeBatch::Add(second));
    EXPECT_TRUE(WakeBatch::Add(first));
    EXPECT_EQ(first_wakes, 0);
    EXPECT_EQ(second_wakes, 0);
  }
  EXPECT_EQ(first_wakes, 1);
  EXPECT_EQ(second_wakes, 1);
}

TEST(WakeBatchTest, TheOutermostOfNestedBatchesCounts) {
  int wakes = 0;
  const auto poller = std::make_shared<CountingPoller>(&wakes);
  {
    const WakeBatch outer;
    {
      const WakeBatch inner;
      EXPECT_TRUE(WakeBatch::Add(poller));
    }
    EXPECT_EQ(wakes, 0);
    EXPECT_TRUE(WakeBatch::Add(poller));
  }
  EXPECT_EQ(wakes, 1);
}

TEST(WakeBatchTest, BelongsToItsThread) {
  int wakes = 0;
  const auto poller = std::make_shared<CountingPoller>(&wakes);
  EXPECT_FALSE(WakeBatch::Add(poller));
  const WakeBatch batch;
  std::thread other([&] { EXPECT_FALSE(WakeBatch::Add(poller)); });
  other.join();
  EXPECT_EQ(wakes, 0);
}

TEST(WakeBatchTest, ALoopMayEndBeforeTheBatch) {
  int wakes = 0;
  auto poller = std::make_shared<CountingPoller>(&wakes);
  {
    const WakeBatch batch;
    EXPECT_TRUE(WakeBatch::Add(poller));
    poller.reset();
  }
  EXPECT_EQ(wakes, 1);
}

}  // namespace
}  // namespace sse_bridge
