#include "bridge/access/redis_limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
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

// The limits of one bridge.
struct Bridge {
  explicit Bridge(const RedisServer& redis,
                  absl::Duration lease = RedisLimits::kDefaultLease)
      : shared(*ParseRedisAddress(redis.url()), lease),
        limits(kThree, &shared) {}

  // Waits for the result without a time limit.
  bool Acquire(const std::string& subject, int streams = 1) {
    auto answer = std::make_shared<std::promise<absl::StatusOr<Lease>>>();
    limits.AcquireShared(subject, "10.0.0.1", streams,
                         [answer](absl::StatusOr<Lease> lease) {
                           answer->set_value(std::move(lease));
                         });
    absl::StatusOr<Lease> lease = answer->get_future().get();
    if (lease.ok()) leases.push_back(*std::move(lease));
    return lease.ok();
  }

  RedisLimits shared;
  ConnectionLimits limits;
  std::vector<Lease> leases;
};

// A fake Redis server that accepts connections and handles them as the test
// wants.
class StrangeServer {
 public:
  explicit StrangeServer(std::function<void(int)> serve, bool accepts = true)
      : serve_(std::move(serve)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, accepts ? 64 : 0), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (accepts) thread_ = std::thread([this] { Run(); });
  }
  ~StrangeServer() {
    shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    for (int fd : clients_) close(fd);
    close(listener_);
  }

  RedisAddress address() const {
    RedisAddress address;
    address.host = "127.0.0.1";
    address.port = port_;
    return address;
  }

  // A client of it that does not wait to be connected.
  int Connect() const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(port_));
    connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
    return fd;
  }

 private:
  void Run() {
    for (;;) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      clients_.push_back(fd);
      if (serve_) serve_(fd);
    }
  }

  const std::function<void(int)> serve_;
  const int listener_;
  int port_ = 0;
  std::vector<int> clients_;  // used by thread_, then by the destructor
  std::thread thread_;
};

// Checks that this many are accepted although the other bridges' numbers are
// unknown, and that no caller is blocked.
void ExpectCountsByItself(RedisLimits* shared) {
  constexpr int kTakes = 200;
  std::atomic<int> counted{0};
  for (int i = 0; i < kTakes; ++i) {
    shared->Take("ada", 1, 1, [&counted](bool taken) { counted += taken; });
  }
  EXPECT_TRUE(Eventually([&] { return counted == kTakes; }));
  // From now on callers do not even wait.
  bool at_once = false;
  shared->Take("ada", 1, 1, [&at_once](bool taken) { at_once = taken; });
  EXPECT_TRUE(at_once);
  shared->Give("ada", kTakes + 1);
}

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
    EXPECT_FALSE(bridge->Acquire("ada"));
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

TEST(RedisLimitsTest, LocalLimitAppliesWhileRedisIsAwayAndIsReportedLater) {
  RedisServer redis;
  Bridge a(redis), b(redis);
  ASSERT_TRUE(a.Acquire("ada"));
  redis.Kill();
  ASSERT_TRUE(a.Acquire("ada"));
  ASSERT_TRUE(a.Acquire("ada"));
  EXPECT_FALSE(a.Acquire("ada")) << "its own";
  ASSERT_TRUE(b.Acquire("ada"));
  redis.Restart();  // an empty one
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 4; }));
  EXPECT_FALSE(b.Acquire("ada"));
  a.leases.clear();
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 1; }));
}

TEST(RedisLimitsTest, StreamsOfADeadBridgeAreReleasedAfterItsLease) {
  RedisServer redis;
  Bridge b(redis, kShortLease);
  {
    // A lease that is not renewed, as after kill -9.
    RedisClient client(*ParseRedisAddress(redis.url()), {});
    ASSERT_TRUE(
        client.Call({"ZADD", "limits:leases", "99999999999999", "dead"}).ok());
    ASSERT_TRUE(client.Call({"HSET", "limits:of:dead", "ada", "3"}).ok());
    ASSERT_TRUE(client.Call({"HSET", "limits:total", "ada", "3"}).ok());
    // The bridge's own lease also exists.
    EXPECT_TRUE(Eventually([&] {
      return client.Call({"ZCARD", "limits:leases"})->integer() == 2;
    }));
    EXPECT_FALSE(b.Acquire("ada"));
    ASSERT_TRUE(client.Call({"ZADD", "limits:leases", "1", "dead"}).ok());
  }
  EXPECT_TRUE(Eventually([&] { return b.Acquire("ada"); }));
  EXPECT_EQ(Total(redis, "ada"), 1);
  // The bridge's own lease is renewed.
  absl::SleepFor(kShortLease * 2);
  EXPECT_EQ(Total(redis, "ada"), 1);
  EXPECT_TRUE(b.Acquire("ada"));
  EXPECT_EQ(Total(redis, "ada"), 2);
}

TEST(RedisLimitsTest, BridgeWithAnExpiredLeaseReportsItsNumbersAgain) {
  RedisServer redis;
  Bridge a(redis, kShortLease);
  ASSERT_TRUE(a.Acquire("ada"));
  ASSERT_TRUE(a.Acquire("ada"));
  RedisClient client(*ParseRedisAddress(redis.url()), {});
  ASSERT_TRUE(client.Call({"FLUSHALL"}).ok());
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 2; }));
}

TEST(RedisLimitsTest, EachStreamOfABundleCountsAtAllBridges) {
  RedisServer redis;
  Bridge a(redis), b(redis);
  ASSERT_TRUE(a.Acquire("ada", 2));
  EXPECT_FALSE(b.Acquire("ada", 2));
  ASSERT_TRUE(b.Acquire("ada", 1));
  EXPECT_EQ(Total(redis, "ada"), 3);
  a.leases.clear();
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 1; }));
  EXPECT_TRUE(Eventually([&] { return a.Acquire("ada", 2); }));
}

TEST(RedisLimitsTest, ConcurrentTakesGetExactlyTheLimit) {
  RedisServer redis;
  Bridge a(redis), b(redis);
  ASSERT_TRUE(a.Acquire("warm")) << "Redis is asked from here on";
  ASSERT_TRUE(b.Acquire("warm"));
  constexpr int kTakes = 100;
  constexpr int kLimit = 30;
  std::atomic<int> taken{0}, refused{0};
  for (int i = 0; i < kTakes; ++i) {
    for (Bridge* bridge : {&a, &b}) {
      bridge->shared.Take("ada", 1, kLimit,
                          [&](bool counted) { ++(counted ? taken : refused); });
    }
  }
  ASSERT_TRUE(Eventually([&] { return taken + refused == 2 * kTakes; }));
  // Under load, some may have waited too long and were counted locally. Then
  // there are more, and all of them are reported.
  EXPECT_GE(taken, kLimit);
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == taken; }));
}

TEST(RedisLimitsTest, LocalLimitAppliesWhileRedisStallsAndIsReportedLater) {
  RedisServer redis;
  Bridge a(redis), b(redis);
  ASSERT_TRUE(a.Acquire("ada"));
  ASSERT_TRUE(b.Acquire("ada"));
  redis.Pause();
  // The first caller waits a little, but not longer.
  ASSERT_TRUE(a.Acquire("ada"));
  ASSERT_TRUE(a.Acquire("ada"));
  EXPECT_FALSE(a.Acquire("ada")) << "its own";
  a.leases.pop_back();
  redis.Continue();
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 3; }));
  // The limit is shared again.
  EXPECT_TRUE(Eventually([&] {
    if (!b.Acquire("ada")) return true;
    b.leases.pop_back();  // still counted locally
    return false;
  }));
  b.leases.clear();
  a.leases.clear();
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 0; }));
}

// CLIENT PAUSE ... WRITE, as during a failover: PING is answered, EVAL is not.
TEST(RedisLimitsTest, PausedWritesBlockNoCaller) {
  RedisServer redis;
  Bridge a(redis);
  ASSERT_TRUE(a.Acquire("bob"));
  RedisClient client(*ParseRedisAddress(redis.url()), {});
  ASSERT_TRUE(client.Call({"CLIENT", "PAUSE", "60000", "WRITE"}).ok());
  ExpectCountsByItself(&a.shared);
  ASSERT_TRUE(client.Call({"CLIENT", "UNPAUSE"}).ok());
  ASSERT_TRUE(a.Acquire("bob"));
  EXPECT_TRUE(Eventually([&] { return Total(redis, "bob") == 2; }));
  EXPECT_EQ(Total(redis, "ada"), 0);
}

TEST(RedisLimitsTest, SilentServerBlocksNoCaller) {
  StrangeServer silent(nullptr);
  RedisLimits shared(silent.address());
  ExpectCountsByItself(&shared);
}

TEST(RedisLimitsTest, PartialReplyIsNoReply) {
  // PING is answered, and the next command only with its first byte.
  StrangeServer half(
      [](int fd) { EXPECT_GT(send(fd, "+PONG\r\n*", 8, MSG_NOSIGNAL), 0); });
  RedisLimits shared(half.address());
  ExpectCountsByItself(&shared);
}

TEST(RedisLimitsTest, UnreachableServerBlocksNoCaller) {
  // Nobody accepts, and the accept queue is full: Linux then drops connection
  // requests.
  StrangeServer full(nullptr, /*accepts=*/false);
  std::vector<int> queued;
  for (int i = 0; i < 16; ++i) queued.push_back(full.Connect());
  {
    RedisLimits shared(full.address());
    ExpectCountsByItself(&shared);
  }
  for (int fd : queued) close(fd);
}

TEST(RedisLimitsTest, UnreportedNumbersAreBounded) {
  StrangeServer silent(nullptr);
  RedisLimits shared(silent.address());
  ExpectCountsByItself(&shared);
  for (size_t i = 0; i < RedisLimits::kMaxUntold + 10; ++i) {
    const std::string subject = absl::StrCat("user", i);
    shared.Take(subject, 1, 1, [](bool) {});
    shared.Give(subject, 1);
    ASSERT_LE(shared.untold(), RedisLimits::kMaxUntold + 2);
  }
}

TEST(RedisLimitsTest, NumbersAreCorrectAfterTooManyWereUnreported) {
  RedisServer redis;
  Bridge a(redis, kShortLease), b(redis, kShortLease);
  ASSERT_TRUE(a.Acquire("gone"));
  ASSERT_TRUE(a.Acquire("ada"));
  redis.Pause();
  ASSERT_TRUE(a.Acquire("ada"));
  a.leases.erase(a.leases.begin());
  for (size_t i = 0; i < RedisLimits::kMaxUntold + 10; ++i) {
    const std::string subject = absl::StrCat("user", i);
    a.shared.Take(subject, 1, 1, [](bool) {});
    a.shared.Give(subject, 1);
  }
  redis.Continue();
  EXPECT_TRUE(Eventually([&] { return Total(redis, "ada") == 2; }));
  EXPECT_TRUE(Eventually([&] { return Total(redis, "gone") == 0; }));
}

}  // namespace
}  // namespace sse_bridge
