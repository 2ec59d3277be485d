#include "backends/event_log/recent_events.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(RecentEventsTest, ReturnsEventsAfterAKnownOne) {
  RecentEvents recent;
  recent.Add("a", 10, 20, "x");
  recent.Add("a", 20, 30, "y");
  recent.Add("b", 5, 25, "other");
  EXPECT_THAT(recent.Read("a", 10, 9),
              ElementsAre(Pair(20, "x"), Pair(30, "y")));
  EXPECT_THAT(recent.Read("a", 15, 1), ElementsAre(Pair(20, "x")));
  EXPECT_THAT(recent.Read("a", 20, 9), ElementsAre(Pair(30, "y")));
  EXPECT_THAT(recent.Read("a", 30, 9), IsEmpty());
  EXPECT_THAT(recent.Read("none", 0, 9), IsEmpty());
}

TEST(RecentEventsTest, DoesNotKnowEarlierEvents) {
  RecentEvents recent;
  recent.Add("a", 10, 20, "x");
  EXPECT_THAT(recent.Read("a", 9, 9), IsEmpty());
  EXPECT_THAT(recent.Read("a", 0, 9), IsEmpty());
}

TEST(RecentEventsTest, GapDiscardsCachedEvents) {
  RecentEvents recent;
  recent.Add("a", 10, 20, "x");
  recent.Add("a", 30, 40, "z");  // 30 was not received
  EXPECT_THAT(recent.Read("a", 10, 9), IsEmpty());
  EXPECT_THAT(recent.Read("a", 20, 9), IsEmpty());
  EXPECT_THAT(recent.Read("a", 30, 9), ElementsAre(Pair(40, "z")));
}

TEST(RecentEventsTest, KeepsTheNewestWithinItsBounds) {
  RecentEvents recent;
  for (size_t i = 1; i <= RecentEvents::kMaxEvents; ++i) {
    recent.Add("a", i - 1, i, "x");
  }
  EXPECT_EQ(recent.Read("a", 0, 1000).size(), RecentEvents::kMaxEvents);
  recent.Add("a", RecentEvents::kMaxEvents, RecentEvents::kMaxEvents + 1, "x");
  EXPECT_THAT(recent.Read("a", 0, 1000), IsEmpty());
  EXPECT_EQ(recent.Read("a", 1, 1000).size(), RecentEvents::kMaxEvents);

  const std::string half(RecentEvents::kMaxBytes / 2, 'x');
  recent.Add("b", 0, 1, half);
  recent.Add("b", 1, 2, half);
  EXPECT_EQ(recent.Read("b", 0, 9).size(), 2u);
  recent.Add("b", 2, 3, "x");
  EXPECT_THAT(recent.Read("b", 0, 9), IsEmpty());
  EXPECT_EQ(recent.Read("b", 1, 9).size(), 2u);
  // Too large to be cached.
  recent.Add("b", 3, 4, std::string(RecentEvents::kMaxBytes + 1, 'x'));
  EXPECT_THAT(recent.Read("b", 3, 9), IsEmpty());
  recent.Add("b", 4, 5, "x");
  EXPECT_EQ(recent.Read("b", 4, 9).size(), 1u);
}

TEST(RecentEventsTest, AllTopicsTogetherAreBounded) {
  RecentEvents recent;
  const std::string big(RecentEvents::kMaxBytes, 'x');
  const size_t topics = RecentEvents::kMaxTotal / RecentEvents::kMaxBytes;
  for (size_t i = 0; i < topics; ++i) recent.Add(absl::StrCat(i), 0, 1, big);
  EXPECT_EQ(recent.Read("0", 0, 9).size(), 1u);
  recent.Add("one more", 0, 1, "x");
  EXPECT_THAT(recent.Read("0", 0, 9), IsEmpty());
  EXPECT_EQ(recent.Read("one more", 0, 9).size(), 1u);
  for (size_t i = 0; i < topics - 1; ++i) {
    recent.Add(absl::StrCat(i), 0, 1, big);
    recent.Drop(absl::StrCat(i));
  }
  EXPECT_EQ(recent.Read("one more", 0, 9).size(), 1u)
      << "dropping topics frees memory";
}

TEST(RecentEventsTest, UnfollowedTopicsAreDropped) {
  RecentEvents recent;
  recent.Add("a", 0, 1, "x");
  recent.Add("b", 0, 1, "x");
  recent.Drop("a");
  EXPECT_THAT(recent.Read("a", 0, 9), IsEmpty());
  EXPECT_EQ(recent.Read("b", 0, 9).size(), 1u);
}

}  // namespace
}  // namespace sse_bridge
