#include "bridge/net/handshakes/pending_handshakes.h"

#include <gtest/gtest.h>

namespace sse_bridge {
namespace {

TEST(PendingHandshakesTest, TheOldestIsTakenIfItIsOldEnough) {
  PendingHandshakes pending;
  const uint64_t first = pending.Add(0, "a", 100);
  const uint64_t second = pending.Add(1, "", 200);
  EXPECT_FALSE(pending.TakeOldest(99).has_value());
  const auto oldest = pending.TakeOldest(100);
  ASSERT_TRUE(oldest.has_value());
  EXPECT_EQ(oldest->number, first);
  EXPECT_EQ(oldest->thread, 0u);
  EXPECT_EQ(pending.TakeOldest(300)->number, second);
  EXPECT_FALSE(pending.TakeOldest(300).has_value());
}

TEST(PendingHandshakesTest, ConnectionsPerAddressAreLimited) {
  PendingHandshakes pending;
  pending.Add(0, "other", 1);
  const uint64_t first = pending.Add(0, "a", 1);
  pending.Add(1, "a", 2);
  EXPECT_FALSE(pending.TakeExcess("a", 2).has_value());
  // A PROXY header names the client later.
  const uint64_t late = pending.Add(1, "", 3);
  EXPECT_FALSE(pending.TakeExcess("", 0).has_value());
  pending.Identify(late, "a");
  EXPECT_EQ(pending.TakeExcess("a", 2)->number, first);
  EXPECT_FALSE(pending.TakeExcess("a", 2).has_value());
  EXPECT_FALSE(pending.TakeExcess("a", 0).has_value()) << "no limit";
}

TEST(PendingHandshakesTest, RemovedConnectionsDoNotCount) {
  PendingHandshakes pending;
  const uint64_t first = pending.Add(0, "a", 1);
  const uint64_t second = pending.Add(0, "a", 2);
  pending.Remove(first);
  pending.Remove(first);
  pending.Identify(first, "a");
  EXPECT_FALSE(pending.TakeExcess("a", 1).has_value());
  EXPECT_EQ(pending.TakeOldest(9)->number, second);
  pending.Remove(second);
}

}  // namespace
}  // namespace sse_bridge
