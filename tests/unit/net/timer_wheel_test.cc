#include "bridge/net/timer_wheel.h"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

constexpr int64_t kTick = TimerWheel::kTickNanos;

std::vector<TimerNode*> Advance(TimerWheel* wheel, int64_t now) {
  std::vector<TimerNode*> due;
  wheel->Advance(now, &due);
  return due;
}

TEST(TimerWheelTest, FiresInTheTickOfItsDeadlineAndOnce) {
  TimerWheel wheel(0);
  TimerNode node;
  wheel.Arm(&node, 5 * kTick + 3);
  EXPECT_TRUE(Advance(&wheel, 5 * kTick - 1).empty());
  EXPECT_EQ(Advance(&wheel, 5 * kTick).size(), 1u);
  EXPECT_FALSE(node.linked());
  EXPECT_TRUE(Advance(&wheel, 500 * kTick).empty());
}

TEST(TimerWheelTest, PastDeadlineFiresAtTheNextTick) {
  TimerWheel wheel(100 * kTick);
  TimerNode node;
  wheel.Arm(&node, 0);
  EXPECT_EQ(wheel.NextTick(), 101 * kTick);
  EXPECT_TRUE(Advance(&wheel, 101 * kTick - 1).empty());
  EXPECT_EQ(Advance(&wheel, 101 * kTick).size(), 1u);
}

TEST(TimerWheelTest, ArmingAgainMoves) {
  TimerWheel wheel(0);
  TimerNode node;
  wheel.Arm(&node, 2 * kTick);
  wheel.Arm(&node, 9 * kTick);
  EXPECT_TRUE(Advance(&wheel, 8 * kTick).empty());
  EXPECT_EQ(Advance(&wheel, 9 * kTick).size(), 1u);
}

TEST(TimerWheelTest, DestroyedNodeLeavesTheWheel) {
  TimerWheel wheel(0);
  auto node = std::make_unique<TimerNode>();
  wheel.Arm(node.get(), kTick);
  node.reset();
  EXPECT_TRUE(Advance(&wheel, 10 * kTick).empty());
}

TEST(TimerWheelTest, FarDeadlinesSurviveManyRotations) {
  TimerWheel wheel(0);
  TimerNode node;
  wheel.Arm(&node, 100'000 * kTick);
  for (int64_t tick = 1; tick < 100'000; tick += 7) {
    ASSERT_TRUE(Advance(&wheel, tick * kTick).empty()) << tick;
  }
  EXPECT_EQ(Advance(&wheel, 100'000 * kTick).size(), 1u);
}

TEST(TimerWheelTest, JumpOverSeveralRotationsFiresAllThatIsDue) {
  TimerWheel wheel(0);
  std::vector<std::unique_ptr<TimerNode>> nodes;
  std::minstd_rand random(1);
  size_t expected = 0;
  for (int i = 0; i < 2000; ++i) {
    nodes.push_back(std::make_unique<TimerNode>());
    const int64_t tick = 1 + random() % 10'000;
    wheel.Arm(nodes.back().get(), tick * kTick);
    expected += tick <= 5000 ? 1 : 0;
  }
  EXPECT_EQ(Advance(&wheel, 5000 * kTick).size(), expected);
  EXPECT_EQ(Advance(&wheel, 20'000 * kTick).size(), 2000 - expected);
}

}  // namespace
}  // namespace sse_bridge
