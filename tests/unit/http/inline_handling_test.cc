#include "bridge/http/inline_handling.h"

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(InlineHandlingTest, LongBodiesGoToWorkers) {
  InlineHandling handling(/*alone=*/true);
  EXPECT_TRUE(handling.May(InlineHandling::kMaxBodyBytes, 0));
  EXPECT_FALSE(handling.May(InlineHandling::kMaxBodyBytes + 1, 0));
}

TEST(InlineHandlingTest, SlowHandlersTakeAHundredthOfTheTime) {
  for (const bool alone : {true, false}) {
    InlineHandling handling(alone);
    int64_t now = 0;
    int64_t slow = 0;
    constexpr int64_t kTook = 2 * InlineHandling::kSlowNanos;
    for (; now < 1'000 * kTook; now += kTook) {
      if (!handling.May(0, now)) continue;
      handling.Handled(now, now + kTook);
      slow += kTook;
    }
    EXPECT_LE(slow, now / 100 + kTook);
    EXPECT_GT(slow, kTook);
  }
}

TEST(InlineHandlingTest, OtherProcessorsGetHalfOfTheWork) {
  InlineHandling handling(/*alone=*/false);
  constexpr int64_t kTook = 10'000;
  int64_t inline_nanos = 0;
  int64_t now = 0;
  for (; now < 1'000'000'000; now += kTook) {
    if (!handling.May(0, now)) continue;
    handling.Handled(now, now + kTook);
    inline_nanos += kTook;
  }
  EXPECT_LE(inline_nanos, now / 2 + kTook);
  EXPECT_GT(inline_nanos, now / 3);
}

TEST(InlineHandlingTest, AloneEveryQuickRequestIsHandled) {
  InlineHandling handling(/*alone=*/true);
  for (int64_t now = 0; now < 100'000'000; now += 10'000) {
    ASSERT_TRUE(handling.May(0, now));
    handling.Handled(now, now + 10'000);
  }
}

}  // namespace
}  // namespace sse_bridge
