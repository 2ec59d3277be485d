#include "backends/event_log/redis_event_log.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/event_log/log_tail.h"
#include "bridge/redis/redis_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/unit/backends/event_log_testing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::RedisServer;

// Records what a tail delivers. If Redis cannot be read, it resumes after the
// last event, as a bridge does.
class Record {
 public:
  explicit Record(EventLog* log, const std::string& topic)
      : log_(log), topic_(topic), cursor_(*log->Head(topic)) {
    Follow();
    resumer_ = std::thread([this] { Resume(); });
  }
  ~Record() {
    done_ = true;
    resumer_.join();
    tail_->Stop();
  }

  std::vector<std::string> payloads() {
    std::lock_guard<std::mutex> lock(mu_);
    return payloads_;
  }
  std::vector<std::string> broadcasts() {
    std::lock_guard<std::mutex> lock(mu_);
    return broadcasts_;
  }

 private:
  void Follow() {
    LogTail::Reader reader;
    reader.ready = [] { return true; };
    reader.take = [this](const LoggedEvent& event) {
      std::lock_guard<std::mutex> lock(mu_);
      payloads_.push_back(event.payload);
      cursor_ = event.cursor;
      return true;
    };
    reader.broadcast = [this](const std::string& payload) {
      std::lock_guard<std::mutex> lock(mu_);
      broadcasts_.push_back(payload);
    };
    reader.failed = [this](const absl::Status& status) {
      EXPECT_TRUE(absl::IsUnavailable(status)) << status;
      failed_ = true;
    };
    std::string cursor;
    {
      std::lock_guard<std::mutex> lock(mu_);
      cursor = cursor_;
    }
    tail_ = LogTail::Start(log_, topic_, cursor, std::move(reader));
    tail_->Continue();
  }

  void Resume() {
    while (!done_) {
      absl::SleepFor(absl::Milliseconds(5));
      if (failed_.exchange(false)) Follow();
    }
  }

  EventLog* const log_;
  const std::string topic_;
  std::mutex mu_;
  std::string cursor_;
  std::vector<std::string> payloads_;
  std::vector<std::string> broadcasts_;
  std::shared_ptr<LogTail> tail_;
  std::atomic<bool> failed_{false};
  std::atomic<bool> done_{false};
  std::thread resumer_;
};

TEST(RedisEventLog, ReadsEventsThatWereAppendedWhileItDidNotFollow) {
  RedisServer redis;
  auto log = MustOpen(redis.url());
  Record record(log.get(), "a");
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "1").ok());
  ASSERT_TRUE(Eventually([&] { return record.payloads().size() == 1; }));
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "2").ok());
  ASSERT_TRUE(Eventually([&] { return record.payloads().size() == 2; }));
  const auto events = log->Read("a", "", 10);
  ASSERT_TRUE(events.ok()) << events.status();
  const int64_t last = std::stoll(events->back().cursor);
  // Another process appends while this one has no connection.
  RedisClient other(*ParseRedisAddress(redis.url()), RedisClient::Options());
  const std::string next = absl::StrCat(last + 1);
  const auto done =
      other.Pipeline({{"MULTI"},
                      {"CLIENT", "KILL", "TYPE", "pubsub"},
                      {"XADD", "log:e:a", absl::StrCat(next, "-0"), "p", "3"},
                      {"SET", "log:last", next},
                      {"EXEC"}});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(Eventually([&] { return record.payloads().size() == 3; }));
  // A reader that is behind, as one that resumes.
  const auto missed = log->Read("a", events->front().cursor, 10);
  ASSERT_TRUE(missed.ok()) << missed.status();
  ASSERT_EQ(missed->size(), 2u);
  EXPECT_EQ(missed->back().payload, "3");
}

TEST(RedisEventLog, AppendsReachOtherProcesses) {
  RedisServer redis;
  auto here = MustOpen(redis.url());
  auto there = MustOpen(redis.url());
  Record record(there.get(), "a");
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    expected.push_back(absl::StrCat(i));
    EventLog* log = i % 2 == 0 ? here.get() : there.get();
    ASSERT_TRUE(AppendAndWait(log, "a", expected.back()).ok());
  }
  EXPECT_TRUE(Eventually([&] { return record.payloads() == expected; }));
  auto cursor = AppendAndWait(here.get(), "a", "x", {{"k", "v"}});
  EXPECT_EQ(*there->Head("a"), *cursor);
  EXPECT_EQ(*there->Get("k"), "v");
  EXPECT_EQ(AppendAndWait(there.get(), "a", "y", {}, {"k", std::nullopt})
                .status()
                .code(),
            absl::StatusCode::kAlreadyExists);
}

TEST(RedisEventLog, BroadcastsReachEveryProcessInOneOrder) {
  RedisServer redis;
  auto here = MustOpen(redis.url());
  auto there = MustOpen(redis.url());
  Record record_here(here.get(), "a"), record_there(there.get(), "a");
  // Wait until both are received.
  ASSERT_TRUE(Eventually([&] {
    here->Broadcast("a", "hello");
    return !record_there.broadcasts().empty();
  }));
  for (int i = 0; i < 100; ++i) {
    here->Broadcast("a", absl::StrCat("here ", i));
    there->Broadcast("a", absl::StrCat("there ", i));
  }
  here->Broadcast("a", "end");
  there->Broadcast("a", "end");
  for (Record* record : {&record_here, &record_there}) {
    EXPECT_TRUE(Eventually([&] {
      const auto heard = record->broadcasts();
      return std::count(heard.begin(), heard.end(), "end") == 2;
    }));
  }
  // The later subscriber may have missed some at the beginning.
  auto all = record_here.broadcasts(), rest = record_there.broadcasts();
  ASSERT_LE(rest.size(), all.size());
  all.erase(all.begin(), all.end() - rest.size());
  EXPECT_EQ(all, rest);
  EXPECT_GE(rest.size(), 202u);
}

TEST(RedisEventLog, DatabasesOfOneServerAreLogsOfTheirOwn) {
  RedisServer redis;
  auto zero = MustOpen(redis.url());
  auto one = MustOpen(redis.url() + "/1");
  Record record(one.get(), "a");
  ASSERT_TRUE(AppendAndWait(zero.get(), "a", "not here").ok());
  zero->Broadcast("a", "not here");
  ASSERT_TRUE(AppendAndWait(one.get(), "a", "here").ok());
  ASSERT_TRUE(Eventually([&] { return !record.payloads().empty(); }));
  EXPECT_THAT(record.payloads(), ElementsAre("here"));
  EXPECT_THAT(record.broadcasts(), ::testing::IsEmpty());
}

TEST(RedisEventLog, EventsStateAndCursorsSurviveReopening) {
  RedisServer redis;
  auto log = MustOpen(redis.url());
  const std::string first = *AppendAndWait(log.get(), "a", "1", {{"k", "v"}});
  log = nullptr;
  log = MustOpen(redis.url());
  EXPECT_EQ(*log->Get("k"), "v");
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), ElementsAre("1"));
  EXPECT_TRUE(CursorBefore(first, *AppendAndWait(log.get(), "a", "2")));
  EXPECT_THAT(Payloads(log->Read("a", first, 10)), ElementsAre("2"));
}

TEST(RedisEventLog, ClosingWritesWhatWasAppended) {
  RedisServer redis;
  std::atomic<int> acknowledged{0};
  auto log = MustOpen(redis.url());
  for (int i = 0; i < 3000; ++i) {
    log->Append("a", "x", {}, {}, [&](absl::Status status, std::string) {
      if (status.ok()) ++acknowledged;
    });
  }
  log = nullptr;
  EXPECT_EQ(acknowledged, 3000);
  EXPECT_EQ(Payloads(MustOpen(redis.url())->Read("a", "", 5000)).size(), 3000u);
}

// Kills Redis five times under load. Every acknowledged event must exist once,
// and a reader in another process must receive all of them, in order and
// without gaps.
TEST(RedisEventLog, NothingIsLostOrDoubledWhenRedisIsKilledUnderLoad) {
  constexpr int kWriters = 4;
  constexpr int kRounds = 5;
  RedisServer redis(RedisServer::Durability::kDurable);
  auto log = MustOpen(redis.url());
  auto other = MustOpen(redis.url());
  Record record(other.get(), "a");
  std::atomic<bool> stop{false};
  std::atomic<int> acknowledged{0};
  std::mutex mu;
  std::map<std::string, std::string> payload_of;  // by cursor
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; !stop; ++i) {
        const std::string payload = absl::StrCat(w, "/", i);
        auto cursor = AppendAndWait(log.get(), "a", payload);
        if (!cursor.ok()) {
          EXPECT_TRUE(absl::IsUnavailable(cursor.status())) << cursor.status();
          continue;
        }
        std::lock_guard<std::mutex> lock(mu);
        payload_of[*cursor] = payload;
        ++acknowledged;
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    const int before = acknowledged;
    EXPECT_TRUE(Eventually([&] { return acknowledged > before + 100; }));
    redis.Kill();
    redis.Restart();
  }
  const int before = acknowledged;
  EXPECT_TRUE(Eventually([&] { return acknowledged > before + 100; }));
  stop = true;
  for (std::thread& writer : writers) writer.join();

  auto events = log->Read("a", "", 10'000'000);
  ASSERT_TRUE(events.ok()) << events.status();
  std::map<std::string, std::string> stored;
  std::multiset<std::string> payloads;
  for (const LoggedEvent& event : *events) {
    stored[event.cursor] = event.payload;
    payloads.insert(event.payload);
  }
  for (const auto& [cursor, payload] : payload_of) {
    EXPECT_EQ(stored[cursor], payload);
    EXPECT_EQ(payloads.count(payload), 1u) << payload;
  }
  EXPECT_TRUE(
      Eventually([&] { return record.payloads().size() == events->size(); }));
  EXPECT_EQ(record.payloads(), Payloads(events));
}

TEST(RedisEventLog, WhileRedisIsAwayReadsFailAtOnceAndAppendsWait) {
  RedisServer redis(RedisServer::Durability::kDurable);
  auto log = MustOpen(redis.url());
  Record record(log.get(), "a");
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "before").ok());
  EXPECT_TRUE(Eventually([&] { return log->available(); }));
  redis.Kill();
  EXPECT_TRUE(absl::IsUnavailable(log->Read("a", "", 1).status()));
  EXPECT_TRUE(absl::IsUnavailable(log->Get("k").status()));
  EXPECT_TRUE(absl::IsUnavailable(log->Head("a").status()));
  EXPECT_TRUE(Eventually([&] { return !log->available(); }));
  auto waiting = std::async(std::launch::async, [&] {
    return AppendAndWait(log.get(), "a", "while away");
  });
  absl::SleepFor(absl::Milliseconds(100));
  redis.Restart();
  EXPECT_TRUE(waiting.get().ok());
  EXPECT_TRUE(Eventually([&] { return log->available(); }));
  EXPECT_TRUE(Eventually([&] { return record.payloads().size() == 2; }));
  EXPECT_THAT(record.payloads(), ElementsAre("before", "while away"));
}

TEST(RedisEventLog, LostReplyCausesNoDuplicate) {
  RedisServer redis(RedisServer::Durability::kDurable);
  auto log = MustOpen(redis.url());
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "0").ok());
  // While stopped, Redis accepts the bytes, but answers too late: the same
  // batch arrives twice.
  redis.Pause();
  auto waiting = std::async(std::launch::async, [&] {
    return AppendAndWait(log.get(), "a", "once", {}, {"k", std::nullopt});
  });
  absl::SleepFor(absl::Seconds(6));
  redis.Continue();
  EXPECT_TRUE(waiting.get().ok());
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), ElementsAre("0", "once"));
}

TEST(RedisEventLog, CursorsOfALostLogAreRejected) {
  RedisServer redis;  // keeps nothing
  auto log = MustOpen(redis.url());
  const std::string cursor = *AppendAndWait(log.get(), "a", "1");
  log = nullptr;
  redis.Kill();
  redis.Restart();
  log = MustOpen(redis.url());
  EXPECT_TRUE(absl::IsOutOfRange(log->Read("a", cursor, 1).status()));
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "2").ok());
  EXPECT_TRUE(absl::IsOutOfRange(log->Read("a", cursor, 1).status()));
}

TEST(RedisEventLog, AFullRedisRefusesAppendsAndRecovers) {
  RedisServer redis(RedisServer::Durability::kNone, {"--maxmemory", "8mb"});
  EventLog::Limits limits;
  limits.max_age = absl::Milliseconds(400);
  auto log = MustOpen(redis.url(), limits);
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "before").ok());
  const std::string big(100 << 10, 'x');
  absl::Status refused;
  int stored = 0;
  for (int i = 0; i < 200 && refused.ok(); ++i) {
    refused =
        AppendAndWait(log.get(), "b", big, {{"k", absl::StrCat(i)}}).status();
    if (refused.ok()) ++stored;
  }
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("OOM"));
  EXPECT_EQ(*log->Get("k"), absl::StrCat(stored - 1));
  // Deleting old events frees memory.
  EXPECT_TRUE(
      Eventually([&] { return AppendAndWait(log.get(), "a", "after").ok(); }));
}

TEST(RedisEventLog, WrongPasswordIsReportedAtStartup) {
  RedisServer redis(RedisServer::Durability::kNone);
  auto log = OpenEventLog(
      absl::StrCat("redis://:secret@127.0.0.1:", redis.port()), {});
  EXPECT_FALSE(log.ok());
  EXPECT_THAT(std::string(log.status().message()),
              ::testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace sse_bridge
