#include "bridge/http/door_visitors.h"

#include <gtest/gtest.h>

namespace sse_bridge {
namespace {

TEST(DoorVisitorsTest, TheOldestGivesWayIfItIsOldEnough) {
  DoorVisitors visitors;
  const uint64_t first = visitors.Add(0, "a", 100);
  const uint64_t second = visitors.Add(1, "", 200);
  EXPECT_FALSE(visitors.TakeOldest(99).has_value());
  const auto oldest = visitors.TakeOldest(100);
  ASSERT_TRUE(oldest.has_value());
  EXPECT_EQ(oldest->number, first);
  EXPECT_EQ(oldest->thread, 0u);
  EXPECT_EQ(visitors.TakeOldest(300)->number, second);
  EXPECT_FALSE(visitors.TakeOldest(300).has_value());
}

TEST(DoorVisitorsTest, AnAddressHasAsManyAsItMay) {
  DoorVisitors visitors;
  visitors.Add(0, "other", 1);
  const uint64_t first = visitors.Add(0, "a", 1);
  visitors.Add(1, "a", 2);
  EXPECT_FALSE(visitors.TakeExcess("a", 2).has_value());
  // A proxy has told whom this one is for.
  const uint64_t late = visitors.Add(1, "", 3);
  EXPECT_FALSE(visitors.TakeExcess("", 0).has_value());
  visitors.Identify(late, "a");
  EXPECT_EQ(visitors.TakeExcess("a", 2)->number, first);
  EXPECT_FALSE(visitors.TakeExcess("a", 2).has_value());
  EXPECT_FALSE(visitors.TakeExcess("a", 0).has_value()) << "no limit";
}

TEST(DoorVisitorsTest, WhoHasLeftDoesNotCount) {
  DoorVisitors visitors;
  const uint64_t first = visitors.Add(0, "a", 1);
  const uint64_t second = visitors.Add(0, "a", 2);
  visitors.Remove(first);
  visitors.Remove(first);
  visitors.Identify(first, "a");
  EXPECT_FALSE(visitors.TakeExcess("a", 1).has_value());
  EXPECT_EQ(visitors.TakeOldest(9)->number, second);
  visitors.Remove(second);
}

}  // namespace
}  // namespace sse_bridge
