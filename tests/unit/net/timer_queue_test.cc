#include "bridge/net/timer_queue.h"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

struct Added {
  uint64_t id;
  bool first;
};

Added Add(TimerQueue* timers, int64_t nanos, std::function<void()> task) {
  Added added = {};
  added.id = timers->Add(nanos, std::move(task), &added.first);
  return added;
}

TEST(TimerQueueTest, RunsInOrderOfDeadlineAndNotBefore) {
  TimerQueue timers;
  std::vector<int> ran;
  bool first = false;
  first = Add(&timers, 20, [&] { ran.push_back(20); }).first;
  EXPECT_TRUE(first);
  first = Add(&timers, 30, [&] { ran.push_back(30); }).first;
  EXPECT_FALSE(first);
  first = Add(&timers, 10, [&] { ran.push_back(10); }).first;
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

TEST(TimerQueueTest, CancelReturnsWhetherTheTaskWasWaiting) {
  TimerQueue timers;
  int ran = 0;
  const uint64_t a = Add(&timers, 1, [&] { ++ran; }).id;
  const uint64_t b = Add(&timers, 1, [&] { ++ran; }).id;
  EXPECT_TRUE(timers.Cancel(a));
  EXPECT_FALSE(timers.Cancel(a));
  timers.RunDue(1);
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(timers.Cancel(b));
}

TEST(TimerQueueTest, TaskMayAddAndCancel) {
  TimerQueue timers;
  int ran = 0;
  const uint64_t other = Add(&timers, 6, [&] { ran += 100; }).id;
  Add(&timers, 5, [&] {
    timers.Cancel(other);
    Add(&timers, 6, [&] { ++ran; });
  });
  timers.RunDue(6);
  EXPECT_EQ(ran, 0);
  timers.RunDue(6);
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace sse_bridge
