#include "bridge/access/rate_limiter.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

constexpr int64_t kStart = 1'000'000'000'000;
constexpr int64_t kSecond = 1'000'000'000;

bool Allowed(RateLimiter* limiter, const std::string& name, int64_t now_ns) {
  return limiter->Take(name, now_ns) == absl::ZeroDuration();
}

TEST(RateLimiterTest, LastOfTheBurstIsAllowedAndTheNextRefused) {
  RateLimiter limiter({.per_second = 2, .burst = 5});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Allowed(&limiter, "a", kStart));
  EXPECT_EQ(limiter.Take("a", kStart), absl::Milliseconds(500));
  EXPECT_TRUE(Allowed(&limiter, "b", kStart)) << "each has its own";
}

TEST(RateLimiterTest, FillsAgainAtItsRate) {
  RateLimiter limiter({.per_second = 2, .burst = 5});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Allowed(&limiter, "a", kStart));
  EXPECT_FALSE(Allowed(&limiter, "a", kStart + kSecond / 2 - 1));
  EXPECT_TRUE(Allowed(&limiter, "a", kStart + kSecond / 2));
  EXPECT_FALSE(Allowed(&limiter, "a", kStart + kSecond / 2));
  // A rejection costs nothing, and a full bucket holds no more than the burst.
  const int64_t later = kStart + 100 * kSecond;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Allowed(&limiter, "a", later));
  EXPECT_FALSE(Allowed(&limiter, "a", later));
}

TEST(RateLimiterTest, WithoutARateNothingIsKept) {
  RateLimiter limiter({});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Allowed(&limiter, "a", kStart));
  EXPECT_EQ(limiter.names(), 0u);
}

TEST(RateLimiterTest, IdleNamesAreForgotten) {
  RateLimiter limiter({.per_second = 1, .burst = 1});
  for (int i = 0; i < 1000; ++i) Allowed(&limiter, absl::StrCat(i), kStart);
  EXPECT_EQ(limiter.names(), 1000u);
  Allowed(&limiter, "last", kStart + 60 * kSecond);
  EXPECT_EQ(limiter.names(), 1u);
}

TEST(RateLimiterTest, NamesAreBoundedAndKnownOnesStayLimited) {
  RateLimiter limiter({.per_second = 1, .burst = 1, .max_names = 2});
  EXPECT_TRUE(Allowed(&limiter, "a", kStart));
  EXPECT_TRUE(Allowed(&limiter, "b", kStart));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Allowed(&limiter, "c", kStart));
  EXPECT_EQ(limiter.names(), 2u);
  EXPECT_FALSE(Allowed(&limiter, "a", kStart));
}

}  // namespace
}  // namespace sse_bridge
