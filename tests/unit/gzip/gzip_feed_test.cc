#include "bridge/gzip/gzip_feed.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/gzip/gzip_member.h"
#include "gtest/gtest.h"
#include "tests/unit/gzip/inflater.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kNow = absl::Seconds(100);

std::string Price(std::minstd_rand& random) {
  return absl::StrCat("event: price\ndata: {\"symbol\":\"AAPL\",\"price\":",
                      random() % 100000, ",\"time\":", random(), "}\n\n");
}

TEST(GzipFeedTest, TheFirstEventIsAKeyframe) {
  GzipBudget budget(1 << 20);
  const auto feed = GzipFeed::Create(&budget, GzipFeed::Context::kLarge);
  std::string blocks;
  const auto first = feed->Compress("a", false, kNow, &blocks);
  EXPECT_TRUE(first.key);
  EXPECT_NE(first.position, 0);
  const auto second = feed->Compress("a", false, kNow, &blocks);
  EXPECT_FALSE(second.key);
  EXPECT_EQ(second.position, first.position + 1);
}

TEST(GzipFeedTest, KeyframesOnlyIfWantedAndNotTooOften) {
  GzipBudget budget(1 << 20);
  const auto feed = GzipFeed::Create(&budget, GzipFeed::Context::kLarge);
  std::string blocks;
  for (uint32_t i = 0; i < 10 * GzipFeed::kKeyEvents; ++i) {
    EXPECT_EQ(feed->Compress("a", false, kNow, &blocks).key, i == 0);
  }
  // Not for a while after the last, whoever wants one.
  for (uint32_t i = 0; i < 10 * GzipFeed::kKeyEvents; ++i) {
    EXPECT_EQ(feed->Compress("a", true, kNow, &blocks).key,
              i % GzipFeed::kKeyEvents == 0);
  }
  // Time allows one, too.
  feed->Compress("a", true, kNow, &blocks);
  const absl::Duration later = kNow + GzipFeed::kKeyInterval;
  EXPECT_FALSE(feed->Compress("a", false, later, &blocks).key);
  EXPECT_TRUE(feed->Compress("a", true, later, &blocks).key);
  EXPECT_FALSE(feed->Compress("a", true, later, &blocks).key);
}

TEST(GzipFeedTest, PositionsOfFeedsDiffer) {
  GzipBudget budget(1 << 20);
  std::string blocks;
  const auto a = GzipFeed::Create(&budget, GzipFeed::Context::kSmall);
  const auto b = GzipFeed::Create(&budget, GzipFeed::Context::kSmall);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(a->Compress("x", false, kNow, &blocks).position,
              b->Compress("x", false, kNow, &blocks).position);
  }
}

// The rule of gzip_feed.h, for members that begin anywhere and lose their step
// at random.
TEST(GzipFeedTest, AnyMemberThatFollowsTheRuleDecodes) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    std::minstd_rand random(seed);
    GzipBudget budget(1 << 20);
    const auto feed =
        GzipFeed::Create(&budget, seed % 2 == 0 ? GzipFeed::Context::kLarge
                                                : GzipFeed::Context::kSmall);
    struct Member {
      Inflater inflater;
      GzipSum sum;
      std::string plain, decoded;
      uint64_t position = 0;
      size_t compressed = 0;
    };
    std::vector<std::unique_ptr<Member>> members;
    size_t compressed = 0;
    for (int i = 0; i < 1000; ++i) {
      if (random() % 50 == 0) {
        members.push_back(std::make_unique<Member>());
        ASSERT_TRUE(members.back()->inflater.Add(kGzipHeader,
                                                 &members.back()->decoded));
      }
      const std::string event = random() % 100 == 0
                                    ? std::string(random() % 100000 + 1, 'z')
                                    : Price(random);
      std::string blocks;
      const auto position = feed->Compress(
          event, random() % 2 == 0, kNow + i * absl::Milliseconds(20), &blocks);
      const GzipPiece piece = GzipPiece::Of(event);
      for (const auto& member : members) {
        const auto add = [&](absl::string_view plain, absl::string_view wire) {
          absl::StrAppend(&member->plain, plain);
          ASSERT_TRUE(member->inflater.Add(wire, &member->decoded));
          ASSERT_EQ(member->decoded.size(), member->plain.size());
        };
        std::string stored;
        if (random() % 100 == 0) {  // a ping
          AppendStored(": ping\n\n", &stored);
          add(": ping\n\n", stored);
          member->sum.Add(": ping\n\n");
          member->position = 0;
          stored.clear();
        }
        if (random() % 100 == 0) {  // misses the event
          member->position = 0;
          continue;
        }
        member->sum.Add(piece);
        if (position.key || position.position == member->position + 1) {
          add(event, blocks);
          member->position = position.position;
          ++compressed;
        } else {
          AppendStored(event, &stored);
          add(event, stored);
          member->position = 0;
        }
      }
    }
    EXPECT_GT(compressed, 1000);
    for (const auto& member : members) {
      std::string end;
      AppendGzipEnd(member->sum, &end);
      EXPECT_TRUE(member->inflater.Add(end, &member->decoded));
      EXPECT_TRUE(member->inflater.ended());
      EXPECT_EQ(member->decoded, member->plain) << seed;
    }
  }
}

TEST(GzipFeedTest, MemoryIsBounded) {
  using Context = GzipFeed::Context;
  const size_t large = GzipFeed::MemoryOf(Context::kLarge);
  const size_t small = GzipFeed::MemoryOf(Context::kSmall);
  EXPECT_LT(small, 48 << 10);
  GzipBudget budget(4 * large);
  std::vector<std::unique_ptr<GzipFeed>> feeds;
  for (;;) {
    auto feed = GzipFeed::Create(&budget, Context::kLarge);
    if (feed == nullptr) break;
    feeds.push_back(std::move(feed));
    ASSERT_LE(budget.used(), 4 * large);
  }
  // Half of the memory for large contexts, then small ones.
  EXPECT_EQ(feeds.size(), 2 + 2 * large / small);
  EXPECT_EQ(GzipFeed::Create(&budget, Context::kSmall), nullptr);
  feeds.pop_back();
  feeds.push_back(GzipFeed::Create(&budget, Context::kLarge));
  EXPECT_NE(feeds.back(), nullptr);
  feeds.clear();
  EXPECT_EQ(budget.used(), 0);
}

TEST(GzipFeedTest, RepetitionCostsLittle) {
  GzipBudget budget(1 << 20);
  const auto feed = GzipFeed::Create(&budget, GzipFeed::Context::kLarge);
  std::minstd_rand random(1);
  size_t plain = 0, wire = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string event = Price(random);
    std::string blocks;
    feed->Compress(event, false, kNow, &blocks);
    plain += event.size();
    wire += blocks.size();
  }
  EXPECT_GT(plain, 2 * wire);
}

}  // namespace
}  // namespace sse_bridge
