#include "bridge/access/redis_limits.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/access/connection_limits.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace sse_bridge {
namespace {

using testing::Eventually;
using testing::RedisServer;
using Lease = ConnectionLimits::Lease;

constexpr ConnectionLimits::Options kThree = {
    .per_subject = 3, .per_address = 0, .total = 0};
constexpr absl::Duration kShortLease = absl::Milliseconds(600);

// One bridge's share.
struct Bridge {
  explicit Bridge(const RedisServer& redis,
                  absl::Duration lease = RedisLimits::kDefaultLease)
      : shared(*ParseRedisAddress(redis.url()), lease),
        limits(kThree, &shared) {}

  bool Acquire(const std::string& subject) {
    auto lease = limits.Acquire(subject, "10.0.0.1");
    if (lease.ok()) leases.push_back(*std::move(lease));
    return lease.ok();
  }

  RedisLimits shared;
  ConnectionLimits limits;
  std::vector<Lease> leases;
};

int Total(const RedisServer& redis, const std::string& subject) {
  RedisClient client(*ParseRedisAddress(redis.url()), {});
  auto total = client.Call({"HGET", "limits:total", subject});
  EXPECT_TRUE(total.ok()) << total.status();
  return total.ok() ? static_cast<int>(total->integer()) : -1;
}

TEST(RedisLimitsTest, LastAllowedFirstRefusedOverTwoBridgesAndFreedAgain) {
  RedisServer redis;
  Bridge a(redis), b(redis);
  ASSERT_TRUE(a.Acquire("ada"));
  ASSERT_TRUE(b.Acquire("ada"));
  ASSERT_TRUE(a.Acquire("ada"));
  ASSERT_TRUE(Eventually([&] { return Total(redis, "ada") == 3; }));
  for (Bridge* bridge : {&a, &b}) {
    const auto refused = bridge->limits.Acquire("ada", "10.0.0.1");
    EXPECT_TRUE(absl::IsResourceExhausted(refused.status()));
  }
  EXPECT_EQ(b.limits.subject_count("ada"), 1) << "a refusal counts nothing";
  EXPECT_EQ(b.limits.counts().total, 1);
  EXPECT_TRUE(b.Acquire("bob"));
  EXPECT_TRUE(b.Acquire("")) << "anonymous";
  a.leases.clear();
  EXPECT_TRUE(Eventually([&] { return b.Acquire("ada"); }));
  EXPECT_TRUE(Eventually([&] { return b.Acquire("ada"); }));
  EXPECT_FALSE(b.Acquire("ada"));
  a.leases.clear();
  b.leases.clear();
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 0; }));
}

TEST(RedisLimitsTest, WhileRedisIsAwayTheOwnLimitHoldsAndIsToldAfterwards) {
  RedisServer redis;
  Bridge a(redis), b(redis);
  ASSERT_TRUE(a.Acquire("ada"));
  redis.Kill();
  ASSERT_TRUE(a.Acquire("ada"));
  ASSERT_TRUE(a.Acquire("ada"));
  EXPECT_FALSE(a.Acquire("ada")) << "its own";
  ASSERT_TRUE(b.Acquire("ada"));
  redis.Restart();  // with nothing in it
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 4; }));
  EXPECT_FALSE(b.Acquire("ada"));
  a.leases.clear();
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 1; }));
}

TEST(RedisLimitsTest, ADeadBridgesPlacesComeBackAfterItsLease) {
  RedisServer redis;
  Bridge b(redis, kShortLease);
  {
    // One that is not renewed, as after kill -9.
    RedisClient client(*ParseRedisAddress(redis.url()), {});
    ASSERT_TRUE(
        client.Call({"ZADD", "limits:leases", "99999999999999", "dead"}).ok());
    ASSERT_TRUE(client.Call({"HSET", "limits:of:dead", "ada", "3"}).ok());
    ASSERT_TRUE(client.Call({"HSET", "limits:total", "ada", "3"}).ok());
    // Its own lease is there too.
    EXPECT_TRUE(Eventually([&] {
      return client.Call({"ZCARD", "limits:leases"})->integer() == 2;
    }));
    EXPECT_FALSE(b.Acquire("ada"));
    ASSERT_TRUE(client.Call({"ZADD", "limits:leases", "1", "dead"}).ok());
  }
  EXPECT_TRUE(Eventually([&] { return b.Acquire("ada"); }));
  EXPECT_EQ(Total(redis, "ada"), 1);
  // And its own lease is renewed.
  absl::SleepFor(kShortLease * 2);
  EXPECT_EQ(Total(redis, "ada"), 1);
  EXPECT_TRUE(b.Acquire("ada"));
  EXPECT_EQ(Total(redis, "ada"), 2);
}

TEST(RedisLimitsTest, ABridgeThatWasTakenForDeadTellsItsNumbersAgain) {
  RedisServer redis;
  Bridge a(redis, kShortLease);
  ASSERT_TRUE(a.Acquire("ada"));
  ASSERT_TRUE(a.Acquire("ada"));
  RedisClient client(*ParseRedisAddress(redis.url()), {});
  ASSERT_TRUE(client.Call({"FLUSHALL"}).ok());
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 2; }));
}

}  // namespace
}  // namespace sse_bridge
