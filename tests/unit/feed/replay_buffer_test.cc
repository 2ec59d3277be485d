#include "bridge/feed/replay_buffer.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

// Adds events "1" to "count" with equal IDs, one second apart.
void Fill(ReplayBuffer* buffer, int count) {
  for (int i = 1; i <= count; ++i) {
    const std::string name = absl::StrCat(i);
    buffer->Add(static_cast<uint64_t>(i), name, Event(name),
                /*waits=*/false, absl::Seconds(i));
  }
}

TEST(ReplayBufferTest, EachLimitHoldsAtItsBound) {
  const size_t event_bytes = Event("1")->size();
  ReplayBuffer by_events({.max_events = 3});
  ReplayBuffer by_bytes({.max_bytes = 3 * event_bytes});
  ReplayBuffer by_age({.max_age = absl::Seconds(2)});
  for (ReplayBuffer* buffer : {&by_events, &by_bytes, &by_age}) {
    Fill(buffer, 3);
    EXPECT_EQ(buffer->events(), 3u);
    EXPECT_EQ(buffer->oldest_id(), "1");
    buffer->Add(4, "4", Event("4"), /*waits=*/false, absl::Seconds(4));
    EXPECT_EQ(buffer->events(), 3u);
    EXPECT_EQ(buffer->bytes(), 3 * event_bytes);
    EXPECT_EQ(buffer->oldest_id(), "2");
    EXPECT_FALSE(buffer->AfterId("1").has_value());
    EXPECT_EQ(buffer->AfterId("2")->size(), 2u);
    EXPECT_EQ(buffer->AfterId("4")->size(), 0u);
  }
}

TEST(ReplayBufferTest, WhileASubscriberWaitsOnlyBytesLimitIt) {
  ReplayBuffer buffer({.max_events = 2,
                       .max_bytes = 1,
                       .max_age = absl::Seconds(1),
                       .max_waiting_bytes = 1024});
  uint64_t seq = 1;
  while (seq == 1 || buffer.FromSeq(1).has_value()) {
    ASSERT_LT(seq, 1000u);
    buffer.Add(seq, "", Event("x"), /*waits=*/true, absl::Seconds(seq));
    ++seq;
  }
  // The first event has given way to the last one.
  EXPECT_GT(buffer.events(), 2u);
  EXPECT_EQ(buffer.events(), seq - 2);
  EXPECT_LE(buffer.bytes(), 1024u);
  // Nobody waits any more: the other limits hold at once.
  buffer.Trim(absl::Seconds(seq));
  EXPECT_EQ(buffer.events(), 1u);
}

TEST(ReplayBufferTest, NewestEventIsKeptWhateverItsSize) {
  ReplayBuffer buffer({.max_events = 0, .max_bytes = 1});
  Fill(&buffer, 2);
  EXPECT_EQ(buffer.events(), 1u);
  EXPECT_EQ(buffer.oldest_id(), "2");
}

TEST(ReplayBufferTest, FirstIdIsKnownUntilAnEventIsRemoved) {
  ReplayBuffer buffer({.max_events = 2}, "0");
  EXPECT_EQ(buffer.AfterId("0")->size(), 0u);
  Fill(&buffer, 2);
  EXPECT_EQ(buffer.AfterId("0")->size(), 2u);
  buffer.Add(3, "3", Event("3"), /*waits=*/false, absl::Seconds(3));
  EXPECT_FALSE(buffer.AfterId("0").has_value());
  // An empty ID has no position.
  EXPECT_FALSE(buffer.AfterId("").has_value());
  EXPECT_FALSE(ReplayBuffer({}).AfterId("").has_value());
}

}  // namespace
}  // namespace sse_bridge
