#include "backends/channels/presence.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/channels/redis_members.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using testing::RedisServer;

constexpr absl::Duration kNoGrace = absl::ZeroDuration();
constexpr absl::Duration kLease = absl::Milliseconds(900);

// The presence of one process, and what it has reported.
class Process {
 public:
  explicit Process(const RedisServer* redis = nullptr,
                   absl::Duration grace = kNoGrace,
                   absl::Duration lease = absl::Minutes(1))
      : shared_(redis == nullptr
                    ? nullptr
                    : std::make_unique<RedisMembers>(
                          *ParseRedisAddress(redis->url()), lease)),
        presence_(std::make_unique<Presence>(
            grace, shared_.get(),
            Presence::Handlers{
                [this](const Member& member) { Tell("+", member); },
                [this](const Member& member) { Tell("-", member); }})) {}

  Presence* operator->() { return presence_.get(); }

  std::vector<std::string> told() {
    std::lock_guard<std::mutex> lock(mu_);
    return told_;
  }
  bool Tells(const std::vector<std::string>& expected) {
    return Eventually([&] { return told() == expected; });
  }
  bool Sees(const std::string& channel,
            const std::vector<std::string>& expected) {
    return Eventually([&] {
      auto users = presence_->Users(channel);
      return users.ok() && *users == expected;
    });
  }

 private:
  void Tell(const std::string& what, const Member& member) {
    std::lock_guard<std::mutex> lock(mu_);
    told_.push_back(absl::StrCat(what, member.channel, "/", member.user));
  }

  std::mutex mu_;
  std::vector<std::string> told_;
  std::unique_ptr<RedisMembers> shared_;
  std::unique_ptr<Presence> presence_;
};

TEST(PresenceTest, UserIsPresentFromFirstToLastStream) {
  Process process;
  process->Enter("c", "ada");
  process->Enter("c", "ada");
  process->Enter("c", "bob");
  process->Enter("d", "ada");
  EXPECT_TRUE(process.Sees("c", {"ada", "bob"}));
  EXPECT_TRUE(process.Tells({"+c/ada", "+c/bob", "+d/ada"}));
  process->Leave("c", "ada");
  EXPECT_TRUE(process.Sees("c", {"ada", "bob"}));
  process->Leave("c", "ada");
  EXPECT_TRUE(process.Sees("c", {"bob"}));
  EXPECT_TRUE(process.Tells({"+c/ada", "+c/bob", "+d/ada", "-c/ada"}));
  process->Leave("c", "nobody");
  EXPECT_TRUE(process.Sees("none", {}));
}

TEST(PresenceTest, ReconnectWithinTheGraceIsNotReported) {
  Process process(nullptr, absl::Milliseconds(300));
  process->Enter("c", "ada");
  for (int i = 0; i < 5; ++i) {
    process->Leave("c", "ada");
    absl::SleepFor(absl::Milliseconds(20));
    process->Enter("c", "ada");
  }
  absl::SleepFor(absl::Milliseconds(400));
  EXPECT_THAT(process.told(), ElementsAre("+c/ada"));
  process->Leave("c", "ada");
  EXPECT_TRUE(process.Sees("c", {"ada"})) << "for the grace";
  EXPECT_TRUE(process.Tells({"+c/ada", "-c/ada"}));
  EXPECT_TRUE(process.Sees("c", {}));
}

TEST(PresenceTest, FirstJoinAndLastLeaveAcrossProcessesAreReported) {
  RedisServer redis;
  Process a(&redis), b(&redis);
  a->Enter("c", "ada");
  EXPECT_TRUE(a.Tells({"+c/ada"}));
  EXPECT_TRUE(b.Sees("c", {"ada"}));
  b->Enter("c", "ada");
  b->Enter("c", "bob");
  EXPECT_TRUE(b.Tells({"+c/bob"})) << "ada was there";
  EXPECT_TRUE(a.Sees("c", {"ada", "bob"}));
  a->Leave("c", "ada");
  EXPECT_TRUE(Eventually([&] { return b->Users("c")->size() == 2; }));
  b->Leave("c", "ada");
  EXPECT_TRUE(a.Sees("c", {"bob"}));
  // Each process removes her in its own time; the later one reports it.
  const auto leaves = [&] {
    std::vector<std::string> told = a.told();
    for (const std::string& each : b.told()) told.push_back(each);
    return std::count(told.begin(), told.end(), "-c/ada");
  };
  EXPECT_TRUE(Eventually([&] { return leaves() > 0; }));
  a->Enter("d", "eve");
  EXPECT_TRUE(Eventually([&] { return a.told().back() == "+d/eve"; }));
  b->Enter("d", "ian");
  EXPECT_TRUE(Eventually([&] { return b.told().back() == "+d/ian"; }));
  EXPECT_EQ(leaves(), 1) << "and nobody else";
}

TEST(PresenceTest, NamesMayHoldAnything) {
  RedisServer redis;
  Process a(&redis), b(&redis);
  const std::string channel("1:c\n\0/", 6), user("u:\xff\r\n", 5);
  a->Enter(channel, user);
  EXPECT_TRUE(b.Sees(channel, {user}));
  a->Leave(channel, user);
  EXPECT_TRUE(b.Sees(channel, {}));
  EXPECT_TRUE(a.Tells({absl::StrCat("+", channel, "/", user),
                       absl::StrCat("-", channel, "/", user)}));
}

TEST(PresenceTest, MembersOfADeadProcessLeave) {
  RedisServer redis;
  Process b(&redis, kNoGrace, kLease);
  {
    // The state after kill -9: a lease that nobody renews.
    RedisMembers dead(*ParseRedisAddress(redis.url()), kLease);
    ASSERT_TRUE(dead.Renew().ok());
    ASSERT_TRUE(*dead.Add({"c", "ada"}));
    ASSERT_TRUE(*dead.Add({"c", "bob"}));
    b->Enter("c", "bob");
    EXPECT_TRUE(b.Sees("c", {"ada", "bob"}));
  }
  EXPECT_TRUE(b.Sees("c", {"bob"}));
  EXPECT_TRUE(b.Tells({"-c/ada"})) << "bob is still here";
}

TEST(PresenceTest, UsersOfAStoppedProcessStayForTheGrace) {
  RedisServer redis;
  Process b(&redis, kNoGrace, kLease);
  {
    Process a(&redis, absl::Milliseconds(100));
    a->Enter("c", "ada");
    a->Enter("c", "bob");
    EXPECT_TRUE(b.Sees("c", {"ada", "bob"}));
  }
  b->Enter("c", "ada");  // moved
  EXPECT_TRUE(b.Sees("c", {"ada"}));
  EXPECT_TRUE(b.Tells({"-c/bob"}));
}

TEST(PresenceTest, MembersAreRestoredAfterRedisLosesItsData) {
  RedisServer redis;
  Process a(&redis, kNoGrace, kLease), b(&redis, kNoGrace, kLease);
  a->Enter("c", "ada");
  EXPECT_TRUE(b.Sees("c", {"ada"}));
  redis.Kill();
  a->Enter("c", "bob");
  EXPECT_FALSE(b->Users("c").ok());
  redis.Restart();
  EXPECT_TRUE(b.Sees("c", {"ada", "bob"}));
}

}  // namespace
}  // namespace sse_bridge
