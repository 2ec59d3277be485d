#include "bridge/delivery/timer_queue.h"

#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(TimerQueueTest, RunsInOrderOfDeadlineAndNotBefore) {
  TimerQueue timers;
  std::vector<int> ran;
  bool first = false;
  timers.Add(
      20, [&] { ran.push_back(20); }, &first);
  EXPECT_TRUE(first);
  timers.Add(
      30, [&] { ran.push_back(30); }, &first);
  EXPECT_FALSE(first);
  timers.Add(
      10, [&] { ran.push_back(10); }, &first);
  EXPECT_TRUE(first);
  EXPECT_EQ(timers.NextDeadline(), 10);
  timers.RunDue(9);
  EXPECT_TRUE(ran.empty());
  timers.RunDue(20);
  EXPECT_EQ(ran, (std::vector<int>{10, 20}));
  EXPECT_EQ(timers.NextDeadline(), 30);
  timers.RunDue(30);
  EXPECT_EQ(timers.NextDeadline(), TimerQueue::kNever);
}

TEST(TimerQueueTest, CancelSaysWhetherItCameInTime) {
  TimerQueue timers;
  bool first;
  int ran = 0;
  const uint64_t a = timers.Add(
      1, [&] { ++ran; }, &first);
  const uint64_t b = timers.Add(
      1, [&] { ++ran; }, &first);
  EXPECT_TRUE(timers.Cancel(a));
  EXPECT_FALSE(timers.Cancel(a));
  timers.RunDue(1);
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(timers.Cancel(b));
}

TEST(TimerQueueTest, TaskMayAddAndCancel) {
  TimerQueue timers;
  bool first;
  int ran = 0;
  const uint64_t other = timers.Add(
      6, [&] { ran += 100; }, &first);
  timers.Add(
      5,
      [&] {
        timers.Cancel(other);
        timers.Add(
            6, [&] { ++ran; }, &first);
      },
      &first);
  timers.RunDue(6);
  EXPECT_EQ(ran, 0);
  timers.RunDue(6);
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace sse_bridge
