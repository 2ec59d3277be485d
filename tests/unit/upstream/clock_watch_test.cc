#include "bridge/upstream/clock_watch.h"

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

TEST(ClockWatchTest, JumpForwardAndSlewingMakeNoneLate) {
  ClockWatch watch;
  EXPECT_FALSE(watch.TimersLate(kDay, absl::Seconds(10)));
  const absl::Time later = kDay + absl::Hours(24);
  EXPECT_FALSE(watch.TimersLate(later, absl::Seconds(11)));
  // Half a second slower in a minute.
  EXPECT_FALSE(
      watch.TimersLate(later + absl::Seconds(59.5), absl::Seconds(71)));
}

}  // namespace
}  // namespace sse_bridge
