#include "bridge/redis/redis_client.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/redis_server.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;
using testing::RedisServer;

TEST(RedisClientTest, AnswersOfEveryKindAreBinarySafe) {
  RedisServer redis;
  RedisClient client(*ParseRedisAddress(redis.url()), {});
  const std::string value("a\r\n\0\xff", 5);
  auto replies = client.Pipeline({{"SET", "k", value},
                                  {"GET", "k"},
                                  {"GET", "none"},
                                  {"INCR", "n"},
                                  {"INCR", "k"},
                                  {"LRANGE", "list", "0", "-1"},
                                  {"MGET", "k", "none", "n"}});
  ASSERT_TRUE(replies.ok()) << replies.status();
  EXPECT_EQ((*replies)[0].text(), "OK");
  EXPECT_EQ((*replies)[1].text(), value);
  EXPECT_TRUE((*replies)[2].is_nil());
  EXPECT_EQ((*replies)[3].integer(), 1);
  EXPECT_THAT(std::string((*replies)[4].error()), HasSubstr("not an integer"));
  EXPECT_TRUE((*replies)[5].is_array());
  EXPECT_EQ((*replies)[5].size(), 0u);
  const RedisReply values = (*replies)[6];
  EXPECT_EQ(values.size(), 3u);
  EXPECT_EQ(values[0].text(), value);
  EXPECT_TRUE(values[1].is_nil());
  EXPECT_EQ(values[2].integer(), 1);
  EXPECT_TRUE(values[3].is_nil()) << "beyond the end";
}

TEST(RedisClientTest, ManyThreadsShareFewConnections) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 200;
  RedisServer redis;
  RedisClient::Options options;
  options.max_connections = 2;
  options.timeout = absl::Seconds(20);
  RedisClient client(*ParseRedisAddress(redis.url()), options);
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) {
        if (!client.Call({"INCR", "n"}).ok()) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(client.Call({"GET", "n"})->integer(), kThreads * kCalls);
  auto clients = client.Call({"CLIENT", "LIST"});
  const std::string list(clients->text());
  EXPECT_LE(std::count(list.begin(), list.end(), '\n'), 2);
}

TEST(RedisClientTest, BrokenConnectionIsReplaced) {
  RedisServer redis;
  RedisClient client(*ParseRedisAddress(redis.url()), {});
  ASSERT_TRUE(client.Call({"PING"}).ok());
  redis.Kill();
  redis.Restart();
  EXPECT_TRUE(client.Call({"PING"}).ok());
}

TEST(RedisClientTest, WhileTheServerIsAwayCallsFailAtOnceUntilItIsBack) {
  RedisServer redis;
  RedisClient client(*ParseRedisAddress(redis.url()), {});
  redis.Kill();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(absl::IsUnavailable(client.Call({"PING"}).status()));
  }
  EXPECT_FALSE(client.reachable());
  redis.Restart();
  client.RetryNow();
  EXPECT_TRUE(client.Call({"PING"}).ok());
  EXPECT_TRUE(client.reachable());
}

TEST(RedisClientTest, UnresponsiveServerBlocksCallersBriefly) {
  RedisServer redis;
  RedisClient::Options options;
  options.timeout = absl::Milliseconds(100);
  RedisClient client(*ParseRedisAddress(redis.url()), options);
  ASSERT_TRUE(client.Call({"PING"}).ok());
  redis.Pause();
  EXPECT_TRUE(absl::IsUnavailable(client.Call({"PING"}).status()));
  redis.Continue();
  client.RetryNow();
  EXPECT_TRUE(client.Call({"PING"}).ok());
}

TEST(RedisClientTest, PasswordsAreSentAndRejectionsReported) {
  RedisServer redis(RedisServer::Durability::kNone);
  RedisClient admin(*ParseRedisAddress(redis.url()), {});
  ASSERT_TRUE(admin.Call({"CONFIG", "SET", "requirepass", "s3cret"}).ok());
  const std::string at = absl::StrCat("@127.0.0.1:", redis.port());
  EXPECT_TRUE(RedisClient(*ParseRedisAddress("redis://:s3cret" + at), {})
                  .Call({"PING"})
                  .ok());
  EXPECT_TRUE(RedisClient(*ParseRedisAddress("redis://default:s3cret" + at), {})
                  .Call({"PING"})
                  .ok());
  const auto refusal = [](const std::string& url) {
    RedisClient client(*ParseRedisAddress(url), {});
    return std::string(client.Call({"PING"}).status().message());
  };
  EXPECT_THAT(refusal("redis://:wrong" + at), HasSubstr("WRONGPASS"));
  EXPECT_THAT(refusal(redis.url()), HasSubstr("NOAUTH"));
}

}  // namespace
}  // namespace sse_bridge
