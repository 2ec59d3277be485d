#include "bridge/upstream/grpc/clock_watch.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

constexpr absl::Time kDay = absl::FromUnixSeconds(1'700'000'000);

TEST(ClockWatchTest, TimersAreLateForAsLongAsTheClockWasSetBack) {
  ClockWatch watch;
  EXPECT_FALSE(watch.TimersLate(kDay, absl::Seconds(10)));
  EXPECT_FALSE(watch.TimersLate(kDay + absl::Seconds(5), absl::Seconds(15)));
  const absl::Time set_back = kDay - absl::Seconds(100);
  EXPECT_TRUE(watch.TimersLate(set_back, absl::Seconds(16)));
  EXPECT_TRUE(
      watch.TimersLate(set_back + absl::Seconds(50), absl::Seconds(66)));
  EXPECT_FALSE(
      watch.TimersLate(set_back + absl::Seconds(110), absl::Seconds(126)));
}

TEST(ClockWatchTest, JumpForwardAndSlewingAreIgnored) {
  ClockWatch watch;
  EXPECT_FALSE(watch.TimersLate(kDay, absl::Seconds(10)));
  const absl::Time later = kDay + absl::Hours(24);
  EXPECT_FALSE(watch.TimersLate(later, absl::Seconds(11)));
  // Half a second slower per minute.
  EXPECT_FALSE(
      watch.TimersLate(later + absl::Seconds(59.5), absl::Seconds(71)));
}

TEST(ClockWatchTest, IsThreadSafe) {
  ClockWatch watch;
  std::atomic<int> late{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        late += watch.TimersLate(kDay, absl::Seconds(10)) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(late, 0);
  EXPECT_TRUE(watch.TimersLate(kDay - absl::Hours(1), absl::Seconds(10)));
}

}  // namespace
}  // namespace sse_bridge
