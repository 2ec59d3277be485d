#include "bridge/http2/ended_connections.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(EndedConnectionsTest, OneMoreThanTheLimitIsTooMany) {
  EndedConnections ended({.per_address = 4});
  for (int i = 0; i < 4; ++i) ended.Add("a", 0);
  EXPECT_FALSE(ended.TooMany("a", 0));
  ended.Add("a", 0);
  EXPECT_TRUE(ended.TooMany("a", 0));
}

TEST(EndedConnectionsTest, AddressesAreCountedApart) {
  EndedConnections ended({.per_address = 1});
  ended.Add("a", 0);
  ended.Add("b", 0);
  ended.Add("a", 0);
  EXPECT_TRUE(ended.TooMany("a", 0));
  EXPECT_FALSE(ended.TooMany("b", 0));
  EXPECT_FALSE(ended.TooMany("c", 0));
}

TEST(EndedConnectionsTest, EachIsForgottenAfterTheWindow) {
  EndedConnections ended({.per_address = 1, .window = absl::Seconds(10)});
  ended.Add("a", 0);
  ended.Add("a", 5 * kSecond);
  EXPECT_TRUE(ended.TooMany("a", 10 * kSecond - 1));
  EXPECT_FALSE(ended.TooMany("a", 10 * kSecond));
  ended.Add("a", 14 * kSecond);
  EXPECT_TRUE(ended.TooMany("a", 14 * kSecond));
  EXPECT_FALSE(ended.TooMany("a", 15 * kSecond));
}

TEST(EndedConnectionsTest, TheOldestAreForgottenBeyondTheBoundOfAll) {
  EndedConnections ended({.per_address = 1, .remembered = 100});
  for (int i = 0; i < 2; ++i) ended.Add("a", 0);
  for (int i = 0; i < 98; ++i) ended.Add(absl::StrCat(i), 0);
  EXPECT_TRUE(ended.TooMany("a", 0));
  ended.Add("b", 0);
  EXPECT_FALSE(ended.TooMany("a", 0));
  ended.Add("b", 0);
  EXPECT_TRUE(ended.TooMany("b", 0));
}

}  // namespace
}  // namespace sse_bridge
