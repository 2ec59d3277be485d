#include "backends/channels/presence.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/channels/memory_sessions.h"
#include "backends/channels/redis_sessions.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::IsEmpty;
using testing::RedisServer;

constexpr absl::Duration kNoGrace = absl::ZeroDuration();
constexpr absl::Duration kLong = absl::Minutes(10);
constexpr absl::Duration kShort = absl::Milliseconds(300);

// The presence of one process, and what it has reported.
class Process {
 public:
  explicit Process(Sessions* sessions, absl::Duration grace = kNoGrace)
      : presence_(std::make_unique<Presence>(
            grace, sessions,
            Presence::Handlers{
                [this](const Member& member) { Tell("+", member); },
                [this](const Member& member) { Tell("-", member); }})) {}

  void Enter(const std::string& user, const std::string& session,
             absl::Duration lease = kLong, const std::string& channel = "c") {
    const absl::Status entered =
        presence_->Enter({channel, user}, session, lease);
    EXPECT_TRUE(entered.ok()) << entered;
  }
  void Leave(const std::string& user, const std::string& session,
             const std::string& channel = "c") {
    const absl::Status left = presence_->Leave({channel, user}, session);
    EXPECT_TRUE(left.ok()) << left;
  }
  std::vector<std::string> Users(const std::string& channel = "c") {
    auto users = presence_->Users(channel);
    return users.ok() ? *users : std::vector<std::string>{"unavailable"};
  }
  std::vector<std::string> told() {
    std::lock_guard<std::mutex> lock(mu_);
    return told_;
  }
  bool Tells(const std::vector<std::string>& expected) {
    return Eventually([&] { return told() == expected; });
  }

 private:
  void Tell(const std::string& what, const Member& member) {
    std::lock_guard<std::mutex> lock(mu_);
    told_.push_back(absl::StrCat(what, member.channel, "/", member.user));
  }

  std::mutex mu_;
  std::vector<std::string> told_;
  std::unique_ptr<Presence> presence_;
};

enum class Store { kMemory, kRedis };

class PresenceTest : public ::testing::TestWithParam<Store> {
 protected:
  PresenceTest() {
    if (GetParam() == Store::kRedis) {
      redis_ = std::make_unique<RedisServer>();
      sessions_ =
          std::make_unique<RedisSessions>(*ParseRedisAddress(redis_->url()));
    } else {
      sessions_ = std::make_unique<MemorySessions>();
    }
  }

  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<Sessions> sessions_;
};

INSTANTIATE_TEST_SUITE_P(, PresenceTest,
                         ::testing::Values(Store::kMemory, Store::kRedis),
                         [](const auto& info) {
                           return info.param == Store::kMemory ? "Memory"
                                                               : "Redis";
                         });

TEST_P(PresenceTest, UserIsPresentFromFirstToLastSession) {
  Process process(sessions_.get());
  process.Enter("ada", "1");
  process.Enter("ada", "2");
  process.Enter("bob", "3");
  process.Enter("ada", "4", kLong, "d");
  EXPECT_THAT(process.Users(), ElementsAre("ada", "bob"));
  EXPECT_THAT(process.told(), ElementsAre("+c/ada", "+c/bob", "+d/ada"));
  process.Leave("ada", "1");
  process.Leave("ada", "2");
  EXPECT_TRUE(process.Tells({"+c/ada", "+c/bob", "+d/ada", "-c/ada"}));
  EXPECT_THAT(process.Users(), ElementsAre("bob"));
  EXPECT_THAT(process.Users("d"), ElementsAre("ada"));
}

TEST_P(PresenceTest, TabThatClosesDoesNotEndItsSibling) {
  Process process(sessions_.get());
  process.Enter("ada", "1");
  process.Enter("ada", "2");
  process.Leave("ada", "1");
  process.Leave("ada", "1");
  process.Leave("ada", "unknown");
  absl::SleepFor(2 * kShort);
  EXPECT_THAT(process.Users(), ElementsAre("ada"));
  EXPECT_THAT(process.told(), ElementsAre("+c/ada"));
}

TEST_P(PresenceTest, RenewalIsNotReported) {
  Process process(sessions_.get());
  for (int i = 0; i < 3; ++i) process.Enter("ada", "1");
  EXPECT_THAT(process.told(), ElementsAre("+c/ada"));
}

TEST_P(PresenceTest, ReconnectWithinTheGraceIsNotReported) {
  Process process(sessions_.get(), absl::Seconds(1));
  for (int i = 0; i < 4; ++i) {
    process.Enter("ada", absl::StrCat(i));
    process.Leave("ada", absl::StrCat(i));
    absl::SleepFor(absl::Milliseconds(300));
  }
  EXPECT_THAT(process.told(), ElementsAre("+c/ada"));
  EXPECT_TRUE(process.Tells({"+c/ada", "-c/ada"}));
}

TEST_P(PresenceTest, SessionWithoutRenewalEndsWithItsLease) {
  Process process(sessions_.get(), absl::Minutes(1));
  process.Enter("ada", "1", kShort);
  process.Enter("bob", "2", kLong);
  EXPECT_TRUE(process.Tells({"+c/ada", "+c/bob", "-c/ada"}));
  EXPECT_THAT(process.Users(), ElementsAre("bob"));
  // A renewal that comes too late is a new session.
  process.Enter("ada", "1", kLong);
  EXPECT_THAT(process.told(),
              ElementsAre("+c/ada", "+c/bob", "-c/ada", "+c/ada"));
}

TEST_P(PresenceTest, SessionsOfAMemberAreBounded) {
  for (size_t i = 0; i < Sessions::kMaxPerMember; ++i) {
    ASSERT_TRUE(sessions_->Enter({"c", "ada"}, absl::StrCat(i), kLong).ok());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(
      sessions_->Enter({"c", "ada"}, "more", kLong).status()));
  EXPECT_TRUE(sessions_->Enter({"c", "ada"}, "0", kLong).ok()) << "a renewal";
  EXPECT_TRUE(sessions_->Enter({"c", "bob"}, "more", kLong).ok());
  EXPECT_TRUE(sessions_->Enter({"d", "ada"}, "more", kLong).ok());
}

TEST_P(PresenceTest, NamesMayHoldAnything) {
  Process process(sessions_.get());
  const std::string channel("1:c\n\0/", 6), user("u:\xff\r\n", 5);
  process.Enter(user, "3:x", kLong, channel);
  EXPECT_THAT(process.Users(channel), ElementsAre(user));
  process.Leave(user, "3:x", channel);
  EXPECT_TRUE(process.Tells({absl::StrCat("+", channel, "/", user),
                             absl::StrCat("-", channel, "/", user)}));
  EXPECT_THAT(process.Users(channel), IsEmpty());
}

TEST(SharedPresenceTest, FirstJoinAndLastLeaveAcrossProcessesAreReported) {
  RedisServer redis;
  RedisSessions sessions(*ParseRedisAddress(redis.url()));
  Process a(&sessions), b(&sessions);
  a.Enter("ada", "1");
  b.Enter("ada", "2");
  b.Enter("bob", "3");
  EXPECT_THAT(a.told(), ElementsAre("+c/ada"));
  EXPECT_THAT(b.told(), ElementsAre("+c/bob")) << "ada was there";
  // Any process may renew and end a session.
  b.Leave("ada", "1");
  a.Leave("ada", "2");
  EXPECT_TRUE(Eventually([&] { return a.Users().size() == 1; }));
  const auto leaves = [&] { return a.told().size() + b.told().size() - 2; };
  EXPECT_TRUE(Eventually([&] { return leaves() == 1; }));
  absl::SleepFor(2 * kShort);
  EXPECT_EQ(leaves(), 1u) << "by one of them";
}

TEST(SharedPresenceTest, SessionsSurviveTheirProcess) {
  RedisServer redis;
  RedisSessions sessions(*ParseRedisAddress(redis.url()));
  { Process(&sessions).Enter("ada", "1"); }
  Process next(&sessions);
  EXPECT_THAT(next.Users(), ElementsAre("ada"));
  next.Enter("ada", "1");
  EXPECT_THAT(next.told(), IsEmpty());
}

TEST(SharedPresenceTest, RenewalsRestoreWhatRedisLost) {
  RedisServer redis;
  RedisSessions sessions(*ParseRedisAddress(redis.url()));
  Process process(&sessions);
  process.Enter("ada", "1");
  redis.Kill();
  EXPECT_THAT(process.Users(), ElementsAre("unavailable"));
  redis.Restart();
  EXPECT_TRUE(Eventually([&] {
    return sessions.Enter({"c", "ada"}, "1", kLong).ok();
  }));
  EXPECT_THAT(process.Users(), ElementsAre("ada"));
}

}  // namespace
}  // namespace sse_bridge
