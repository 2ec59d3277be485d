#include "bridge/redis/redis_address.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedisAddressTest, HostPortAndDatabase) {
  auto address = ParseRedisAddress("redis://example.org:6380/3");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "example.org");
  EXPECT_EQ(address->port, 6380);
  EXPECT_EQ(address->database, 3);
  EXPECT_EQ(address->user, "");
  EXPECT_EQ(address->password, "");
  EXPECT_EQ(address->ToString(), "redis://example.org:6380/3");
}

TEST(RedisAddressTest, PortAndDatabaseHaveRedisOwnDefaults) {
  for (const char* text : {"redis://h", "redis://h/", "redis://h:6379/0"}) {
    auto address = ParseRedisAddress(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->ToString(), "redis://h:6379/0");
  }
}

TEST(RedisAddressTest, Ipv6InBrackets) {
  EXPECT_EQ(ParseRedisAddress("redis://[::1]:7000/1")->host, "::1");
  EXPECT_EQ(ParseRedisAddress("redis://[::1]")->ToString(),
            "redis://[::1]:6379/0");
}

TEST(RedisAddressTest, LoginIsPercentDecodedAndNeverShown) {
  auto address = ParseRedisAddress("redis://me:p%40ss%3aw@h:1");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->user, "me");
  EXPECT_EQ(address->password, "p@ss:w");
  EXPECT_THAT(address->ToString(), Not(HasSubstr("ss")));
  address = ParseRedisAddress("redis://:secret@h");
  EXPECT_EQ(address->user, "");
  EXPECT_EQ(address->password, "secret");
  for (const char* text :
       {"redis://:secret@h:x", "redis://secret@h", "redis://:secret%4@h",
        "redis://:secret@", "redis://:secret@h/x"}) {
    const auto refused = ParseRedisAddress(text);
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << text;
    EXPECT_THAT(std::string(refused.status().message()),
                Not(HasSubstr("secret")));
  }
}

TEST(RedisAddressTest, InvalidAddressesAreRejected) {
  for (const char* text : {"",
                           "redis:",
                           "redis://",
                           "h:1",
                           "rediss://h",
                           "redis://:1",
                           "redis://h:",
                           "redis://h:0",
                           "redis://h:65536",
                           "redis://h:-1",
                           "redis://h:+1",
                           "redis://h: 1",
                           "redis://h:1/-1",
                           "redis://h:1/x",
                           "redis://h:1/0/1",
                           "redis://h:1/1000001",
                           "redis://[::1",
                           "redis://[]:1",
                           "redis://[::1]1",
                           "redis://::1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseRedisAddress(text).status()))
        << text;
  }
}

}  // namespace
}  // namespace sse_bridge
