#include "bridge/http2/flood_guard.h"

#include <gtest/gtest.h>

namespace sse_bridge {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

Http2FrameHead Head(uint8_t type, uint32_t length = 8, uint8_t flags = 0) {
  return {.length = length, .type = type, .flags = flags, .stream = 1};
}

// How many of the same frame are admitted at once, up to a limit.
int Admitted(const Http2FrameHead& head, bool answered, int limit) {
  Http2FloodGuard guard(Http2FloodLimits(), 0);
  int count = 0;
  while (count < limit && guard.Admit(head, answered, 0)) ++count;
  return count;
}

TEST(FloodGuard, EachKindOfFrameHasItsBound) {
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kSettings), false, 9999), 100);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kPing), false, 9999), 200);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kRstStream), false, 9999), 200);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kRstStream), true, 9999), 2000);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kWindowUpdate), false, 9999), 2000);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kPriority), false, 9999), 1000);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kPriorityUpdate), false, 9999), 1000);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kData, 0), false, 9999), 200);
  EXPECT_EQ(Admitted(Head(/*unknown*/ 99), false, 9999), 400);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kContinuation), false, 9999), 8);
}

TEST(FloodGuard, ResetsThatAreCausedHaveTheirBound) {
  for (const bool refused : {false, true}) {
    Http2FloodGuard guard(Http2FloodLimits(), 0);
    int count = 0;
    while (!guard.exhausted()) {
      guard.ResetCaused(refused);
      ++count;
    }
    EXPECT_EQ(count, refused ? 201 : 21);
  }
}

TEST(FloodGuard, RequestsAndTheirBodiesAreNotCounted) {
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kHeaders), false, 9999), 9999);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kData, 1), false, 9999), 9999);
  EXPECT_EQ(Admitted(Head(Http2FrameHead::kData, 0, Http2FrameHead::kEndStream),
                     false, 9999),
            9999);
}

TEST(FloodGuard, MoreIsAdmittedWithTime) {
  Http2FloodGuard guard(Http2FloodLimits(), 0);
  const Http2FrameHead ping = Head(Http2FrameHead::kPing);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(guard.Admit(ping, false, 0));
  // 200 points are earned in a second; a ping costs 10.
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(guard.Admit(ping, false, kSecond));
  EXPECT_FALSE(guard.Admit(ping, false, kSecond));
}

TEST(FloodGuard, TimeEarnsNoMoreThanTheBurst) {
  Http2FloodGuard guard(Http2FloodLimits(), 0);
  const Http2FrameHead ping = Head(Http2FrameHead::kPing);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(guard.Admit(ping, false, 1'000'000 * kSecond));
  }
  EXPECT_FALSE(guard.Admit(ping, false, 1'000'000 * kSecond));
}

TEST(FloodGuard, WindowUpdatesMayFollowEachDataFrame) {
  Http2FloodGuard guard(Http2FloodLimits(), 0);
  const Http2FrameHead update = Head(Http2FrameHead::kWindowUpdate, 4);
  for (int i = 0; i < 100'000; ++i) {
    guard.DataFrameSent();
    ASSERT_TRUE(guard.Admit(update, true, 0));
    ASSERT_TRUE(guard.Admit(update, true, 0));
  }
}

TEST(FloodGuard, FewRequestsMayHaveTooLargeHeads) {
  Http2FloodGuard guard(Http2FloodLimits(), 0);
  for (int i = 0; i < 40; ++i) guard.HeadRefused();
  EXPECT_FALSE(guard.exhausted());
  guard.HeadRefused();
  EXPECT_TRUE(guard.exhausted());
}

TEST(FloodGuard, AHeaderBlockHasFewContinuations) {
  Http2FloodGuard guard(Http2FloodLimits(), 0);
  for (int block = 0; block < 10; ++block) {
    ASSERT_TRUE(guard.Admit(Head(Http2FrameHead::kHeaders), false, 0));
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(guard.Admit(Head(Http2FrameHead::kContinuation), false, 0));
    }
  }
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(guard.Admit(Head(Http2FrameHead::kContinuation), false, 0));
  }
  EXPECT_FALSE(guard.Admit(Head(Http2FrameHead::kContinuation), false, 0));
}

}  // namespace
}  // namespace sse_bridge
