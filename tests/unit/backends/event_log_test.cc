#include "backends/event_log/event_log.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "backends/event_log/keys.h"
#include "backends/event_log/log_tail.h"
#include "backends/event_log/sqlite_event_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/backends/event_log_testing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Factory = std::function<std::unique_ptr<EventLog>(EventLog::Limits)>;

std::unique_ptr<EventLog> MustOpen(const std::string& store,
                                   EventLog::Limits limits = {}) {
  auto log = OpenEventLog(store, limits);
  if (!log.ok()) ADD_FAILURE() << log.status();
  return log.ok() ? *std::move(log) : nullptr;
}

class Listener : public EventLog::Subscriber {
 public:
  explicit Listener(std::function<void(std::string)> heard)
      : heard_(std::move(heard)) {}
  void OnEvents() override { heard_("events"); }
  void OnBroadcast(const std::string& payload) override { heard_(payload); }

 private:
  const std::function<void(std::string)> heard_;
};

// What every engine must do.
class EventLogContract : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<EventLog> Open(EventLog::Limits limits = {}) {
    const std::string name = GetParam();
    return MustOpen(
        name == "memory" ? "sqlite::memory:" : "sqlite:" + dir_.File("log"),
        limits);
  }

  TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(Engines, EventLogContract,
                         ::testing::Values("memory", "file"),
                         [](const auto& info) { return info.param; });

TEST_P(EventLogContract, EventsOfATopicAreReadInTheOrderOfTheirAppends) {
  auto log = Open();
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "1").ok());
  ASSERT_TRUE(AppendAndWait(log.get(), "b", "other").ok());
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "2").ok());
  ASSERT_TRUE(AppendAndWait(log.get(), "a", std::string("\0\xff", 2)).ok());

  EXPECT_THAT(Payloads(log->Read("a", "", 10)),
              ElementsAre("1", "2", std::string("\0\xff", 2)));
  EXPECT_THAT(Payloads(log->Read("a", "", 2)), ElementsAre("1", "2"));
  EXPECT_THAT(Payloads(log->Read("none", "", 10)), IsEmpty());
}

TEST_P(EventLogContract, ReadGoesOnAfterACursorAndCursorsAreInOrder) {
  auto log = Open();
  std::vector<std::string> cursors;
  for (int i = 0; i < 12; ++i) {
    cursors.push_back(*AppendAndWait(log.get(), "a", absl::StrCat(i)));
    if (i > 0) {
      EXPECT_TRUE(CursorBefore(cursors[i - 1], cursors[i]));
      EXPECT_FALSE(CursorBefore(cursors[i], cursors[i - 1]));
    }
  }
  EXPECT_THAT(Payloads(log->Read("a", cursors[8], 10)),
              ElementsAre("9", "10", "11"));
  EXPECT_THAT(Payloads(log->Read("a", cursors[11], 10)), IsEmpty());
  EXPECT_EQ((*log->Read("a", cursors[2], 1))[0].cursor, cursors[3]);
}

TEST_P(EventLogContract, ReadRefusesWhatIsNoCursorOfThisLog) {
  auto log = Open();
  const std::string cursor = *AppendAndWait(log.get(), "a", "1");
  int64_t id;
  ASSERT_TRUE(absl::SimpleAtoi(cursor, &id));
  for (const std::string& bad :
       {absl::StrCat(id + 1), std::string("x"), std::string("-1"),
        std::string("1 "), std::string("+1"), std::string("01"),
        std::string("9223372036854775808"),
        std::string("99999999999999999999999"), std::string("1\0", 2)}) {
    EXPECT_TRUE(absl::IsOutOfRange(log->Read("a", bad, 1).status())) << bad;
  }
  EXPECT_TRUE(log->Read("a", absl::StrCat(id), 1).ok());
}

TEST_P(EventLogContract, HeadLastAndOldestOfATopic) {
  auto log = Open();
  EXPECT_TRUE(absl::IsNotFound(log->Last("a").status()));
  EXPECT_EQ(*log->Oldest("a"), "");
  const std::string empty_head = *log->Head("a");

  const std::string first = *AppendAndWait(log.get(), "a", "1");
  const std::string second = *AppendAndWait(log.get(), "a", "2");
  const std::string other = *AppendAndWait(log.get(), "b", "3");

  EXPECT_THAT(Payloads(log->Read("a", empty_head, 10)), ElementsAre("1", "2"));
  EXPECT_EQ(*log->Head("a"), second);
  EXPECT_EQ(*log->Oldest("a"), first);
  EXPECT_EQ(log->Last("a")->cursor, second);
  EXPECT_EQ(log->Last("a")->payload, "2");
  // Nothing in it, and all to come is after.
  const std::string head = *log->Head("c");
  EXPECT_FALSE(CursorBefore(head, other));
  ASSERT_TRUE(AppendAndWait(log.get(), "c", "4").ok());
  EXPECT_THAT(Payloads(log->Read("c", head, 10)), ElementsAre("4"));
}

TEST_P(EventLogContract, StateChangesWithTheAppend) {
  auto log = Open();
  EXPECT_TRUE(absl::IsNotFound(log->Get("k").status()));
  ASSERT_TRUE(
      AppendAndWait(log.get(), "a", "1", {{"k", "v"}, {"k2", ""}}).ok());
  EXPECT_EQ(*log->Get("k"), "v");
  EXPECT_EQ(*log->Get("k2"), "");
  auto cursor = AppendAndWait(log.get(), "", "",
                              {{"k", "", /*erase=*/true}, {"k2", "new"}});
  ASSERT_TRUE(cursor.ok());
  EXPECT_EQ(*cursor, "");
  EXPECT_TRUE(absl::IsNotFound(log->Get("k").status()));
  EXPECT_EQ(*log->Get("k2"), "new");
}

TEST_P(EventLogContract, RequireAbsentRefusesTheWholeAppend) {
  auto log = Open();
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "1", {{"k", "1"}}, "k").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(
      AppendAndWait(log.get(), "a", "2", {{"k", "2"}, {"l", "2"}}, "k")
          .status()));
  EXPECT_EQ(*log->Get("k"), "1");
  EXPECT_TRUE(absl::IsNotFound(log->Get("l").status()));
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), ElementsAre("1"));
}

TEST_P(EventLogContract, OfManyAppendsAtOnceARefusedOneSpoilsNoOther) {
  constexpr int kAppends = 2000;
  auto log = Open();
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  std::atomic<int> left{kAppends};
  std::promise<void> all;
  for (int i = 0; i < kAppends; ++i) {
    // Each key twice.
    const std::string key = absl::StrCat("k", i / 2);
    log->Append("a", absl::StrCat(i), {{key, absl::StrCat(i)}}, key,
                [&](absl::Status status, std::string cursor) {
                  if (status.ok() && !cursor.empty()) ++accepted;
                  if (absl::IsAlreadyExists(status)) ++refused;
                  if (--left == 0) all.set_value();
                });
  }
  all.get_future().wait();
  EXPECT_EQ(accepted, kAppends / 2);
  EXPECT_EQ(refused, kAppends / 2);
  std::vector<std::string> wanted;
  for (int i = 0; i < kAppends; i += 2) wanted.push_back(absl::StrCat(i));
  EXPECT_EQ(Payloads(log->Read("a", "", kAppends)), wanted);
}

TEST_P(EventLogContract, ListGivesTheKeysOfAPrefixInOrder) {
  auto log = Open();
  ASSERT_TRUE(AppendAndWait(log.get(), "", "",
                            {{"p/b", "2"},
                             {"p/a", "1"},
                             {"p", "no"},
                             {"p0", "no"},
                             {"p/\xff\xff", "3"},
                             {"\xff\xff", "4"}})
                  .ok());
  EXPECT_THAT(*log->List("p/"), ElementsAre(Pair("p/a", "1"), Pair("p/b", "2"),
                                            Pair("p/\xff\xff", "3")));
  EXPECT_THAT(*log->List("\xff"), ElementsAre(Pair("\xff\xff", "4")));
  EXPECT_EQ(log->List("")->size(), 6u);
  EXPECT_THAT(*log->List("none"), IsEmpty());
}

TEST_P(EventLogContract, SubscribersHearOfTheirTopicOnly) {
  auto log = Open();
  std::promise<std::string> heard;
  auto mine = std::make_shared<Listener>(
      [&](std::string what) { heard.set_value(std::move(what)); });
  std::atomic<int> elsewhere{0};
  auto other = std::make_shared<Listener>([&](std::string) { ++elsewhere; });
  auto subscription = log->Subscribe("a", mine);
  auto other_subscription = log->Subscribe("b", other);
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "1").ok());
  EXPECT_EQ(heard.get_future().get(), "events");
  log.reset();
  EXPECT_EQ(elsewhere, 0);
}

TEST_P(EventLogContract, BroadcastsReachThoseWhoListenAndAreNotKept) {
  auto log = Open();
  log->Broadcast("a", "nobody listens");
  std::promise<std::string> heard;
  auto listener = std::make_shared<Listener>(
      [&](std::string what) { heard.set_value(std::move(what)); });
  // The earlier broadcast has gone by when this append is acknowledged.
  ASSERT_TRUE(AppendAndWait(log.get(), "b", "1").ok());
  auto subscription = log->Subscribe("a", listener);
  log->Broadcast("a", "typing");
  EXPECT_EQ(heard.get_future().get(), "typing");
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), IsEmpty());
}

TEST_P(EventLogContract, NothingIsHeardAfterTheSubscriptionHasGone) {
  auto log = Open();
  std::atomic<int> heard{0};
  auto listener = std::make_shared<Listener>([&](std::string) { ++heard; });
  auto subscription = log->Subscribe("a", listener);
  subscription.reset();
  log->Broadcast("a", "typing");
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "1").ok());
  // All callbacks for the first have been made when this is acknowledged.
  ASSERT_TRUE(AppendAndWait(log.get(), "b", "2").ok());
  // A subscription and a subscriber may outlive the log.
  subscription = log->Subscribe("a", listener);
  log.reset();
  EXPECT_EQ(heard, 0);
}

TEST_P(EventLogContract, ATopicKeepsItsNewestEvents) {
  EventLog::Limits limits;
  limits.max_events_per_topic = 10;
  auto log = Open(limits);
  ASSERT_TRUE(AppendAndWait(log.get(), "b", "kept").ok());
  for (int i = 1; i <= 10; ++i) {
    ASSERT_TRUE(AppendAndWait(log.get(), "a", absl::StrCat(i)).ok());
  }
  EXPECT_EQ(Payloads(log->Read("a", "", 100)).front(), "1");
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "11").ok());
  const std::vector<std::string> kept = Payloads(log->Read("a", "", 100));
  EXPECT_EQ(kept.size(), 10u);
  EXPECT_EQ(kept.front(), "2");
  EXPECT_EQ(kept.back(), "11");
  EXPECT_THAT(Payloads(log->Read("b", "", 100)), ElementsAre("kept"));
}

TEST_P(EventLogContract, ABigTopicIsTrimmedInBigSteps) {
  EventLog::Limits limits;
  limits.max_events_per_topic = 160;  // 10 more may be there
  auto log = Open(limits);
  size_t most = 0;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(AppendAndWait(log.get(), "a", absl::StrCat(i)).ok());
    const size_t size = Payloads(log->Read("a", "", 1000)).size();
    most = std::max(most, size);
    if (i >= 160) {
      EXPECT_GE(size, 160u);
    }
  }
  EXPECT_EQ(most, 170u);
}

TEST_P(EventLogContract, ATailHandsOutEachEventOnceWhileOthersAppend) {
  constexpr int kWriters = 4;
  constexpr int kEach = 500;
  auto log = Open();
  std::vector<std::string> taken;  // by one thread at a time
  std::promise<void> all;
  LogTail::Reader reader;
  reader.ready = [] { return true; };
  reader.take = [&](const LoggedEvent& event) {
    taken.push_back(event.cursor);
    if (taken.size() == kWriters * kEach) all.set_value();
    return true;
  };
  reader.failed = [](const absl::Status& status) { ADD_FAILURE() << status; };
  auto tail = LogTail::Start(log.get(), "a", "", std::move(reader));
  tail->Continue();
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        log->Append("a", "x", {}, "", [](absl::Status, std::string) {});
        tail->Continue();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  all.get_future().wait();
  tail->Stop();
  log.reset();
  ASSERT_EQ(taken.size(), static_cast<size_t>(kWriters * kEach));
  for (size_t i = 1; i < taken.size(); ++i) {
    ASSERT_TRUE(CursorBefore(taken[i - 1], taken[i]));
  }
}

TEST(EventLog, UnknownStoresAreRefused) {
  for (const char* store : {"", "sqlite:", "postgres://x", "log.db"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(OpenEventLog(store, {}).status()))
        << store;
  }
  EXPECT_TRUE(absl::IsUnavailable(
      OpenEventLog("sqlite:/nonexistent/directory/log", {}).status()));
}

TEST(EventLog, EventsStateAndCursorsAreThereAfterReopening) {
  TempDir dir;
  const std::string store = "sqlite:" + dir.File("log");
  auto log = MustOpen(store);
  const std::string first = *AppendAndWait(log.get(), "a", "1", {{"k", "v"}});
  log = nullptr;
  log = MustOpen(store);
  EXPECT_EQ(*log->Get("k"), "v");
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), ElementsAre("1"));
  EXPECT_TRUE(CursorBefore(first, *AppendAndWait(log.get(), "a", "2")));
  EXPECT_THAT(Payloads(log->Read("a", first, 10)), ElementsAre("2"));
}

TEST(EventLog, ClosingWritesWhatWasAppended) {
  TempDir dir;
  const std::string store = "sqlite:" + dir.File("log");
  std::atomic<int> acknowledged{0};
  auto log = MustOpen(store);
  for (int i = 0; i < 3000; ++i) {
    log->Append("a", "x", {}, "", [&](absl::Status status, std::string) {
      if (status.ok()) ++acknowledged;
    });
  }
  log = nullptr;
  EXPECT_EQ(acknowledged, 3000);
  EXPECT_EQ(Payloads(MustOpen(store)->Read("a", "", 5000)).size(), 3000u);
}

TEST(EventLog, EventsGoWhenTheyAreOlderThanTheLimit) {
  TempDir dir;
  EventLog::Limits limits;
  limits.max_age = absl::Seconds(100);
  std::atomic<int64_t> now{1000};
  auto clock = [&now] { return absl::FromUnixSeconds(now); };
  std::unique_ptr<EventLog> log =
      *SqliteEventLog::Open(dir.File("log"), limits, clock);
  const std::string old = *AppendAndWait(log.get(), "a", "old");
  now = 1001;
  ASSERT_TRUE(AppendAndWait(log.get(), "b", "at the bound").ok());
  now = 1101;
  log.reset();
  log = *SqliteEventLog::Open(dir.File("log"), limits, clock);
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), IsEmpty());
  EXPECT_THAT(Payloads(log->Read("b", "", 10)), ElementsAre("at the bound"));
  // Its cursor is still one, and what comes is after it.
  EXPECT_TRUE(log->Read("a", old, 10).ok());

  // Without reopening: every so many appends, whatever their topic.
  now = 1102;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(AppendAndWait(log.get(), "c", "x").ok());
  }
  EXPECT_THAT(Payloads(log->Read("b", "", 10)), IsEmpty());
  EXPECT_EQ(Payloads(log->Read("c", "", 1000)).size(), 300u);
}

TEST(EventLog, AFileThatCannotGrowRefusesAppendsAndRecovers) {
  TempDir dir;
  const std::string store = "sqlite:" + dir.File("log");
  auto log = MustOpen(store);
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "before").ok());
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 64 << 10;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status refused =
      AppendAndWait(log.get(), "a", std::string(1 << 20, 'x'), {{"k", "v"}})
          .status();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(absl::IsUnavailable(refused) ||
              absl::IsResourceExhausted(refused))
      << refused;
  EXPECT_TRUE(absl::IsNotFound(log->Get("k").status()));
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "after").ok());
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), ElementsAre("before", "after"));
}

TEST(EventLog, WhatWasAcknowledgedSurvivesSigkillAndIsThereOnce) {
  EventLog::Limits limits;  // so that nothing is trimmed
  limits.max_events_per_topic = 10'000'000;
  for (int round = 0; round < 5; ++round) {
    TempDir dir;
    const std::string store = "sqlite:" + dir.File("log");
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(fds[0]);
      auto log = OpenEventLog(store, limits);
      if (!log.ok()) _exit(1);
      for (int i = 0;; ++i) {
        (*log)->Append(
            "a", absl::StrCat("payload ", i),
            {{absl::StrCat("k", i), absl::StrCat(i)}}, "",
            [fd = fds[1], i](absl::Status status, std::string cursor) {
              if (!status.ok()) return;
              const std::string line = absl::StrCat(i, " ", cursor, "\n");
              if (write(fd, line.data(), line.size()) < 0) _exit(1);
            });
        if (i % 50 == 0) usleep(100);
      }
    }
    close(fds[1]);
    // Killed while it writes; what has been told is in the pipe.
    std::string told;
    char buffer[4096];
    bool killed = false;
    ssize_t n;
    while ((n = read(fds[0], buffer, sizeof(buffer))) > 0) {
      told.append(buffer, n);
      if (!killed && told.size() > 2000u * (round + 1)) {
        kill(child, SIGKILL);
        killed = true;
      }
    }
    close(fds[0]);
    int status;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    auto log = MustOpen(store, limits);
    ASSERT_NE(log, nullptr);
    auto events = log->Read("a", "", 10'000'000);
    ASSERT_TRUE(events.ok());
    std::map<std::string, std::string> payload_of;
    std::set<std::string> payloads;
    for (const LoggedEvent& event : *events) {
      payload_of[event.cursor] = event.payload;
      EXPECT_TRUE(payloads.insert(event.payload).second) << event.payload;
    }
    int acknowledged = 0;
    told.resize(told.rfind('\n') + 1);
    for (absl::string_view line :
         absl::StrSplit(told, '\n', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> ack = absl::StrSplit(line, ' ');
      EXPECT_EQ(payload_of[ack.second], absl::StrCat("payload ", ack.first));
      EXPECT_EQ(*log->Get("k" + ack.first), ack.first);
      ++acknowledged;
    }
    EXPECT_GT(acknowledged, 100);
    // And it can go on.
    EXPECT_TRUE(AppendAndWait(log.get(), "a", "next").ok());
  }
}

TEST(Keys, NoNameCanReachIntoAnother) {
  EXPECT_EQ(LogKey({"unread", "u"}), "unread/u");
  EXPECT_NE(LogKey({"unread", "a/b", "c"}), LogKey({"unread", "a", "b/c"}));
  EXPECT_NE(LogKey({"a/b"}), LogKey({"a%2Fb"}));
  EXPECT_NE(RandomId(), RandomId());
  EXPECT_EQ(RandomId().size(), 32u);
}

}  // namespace
}  // namespace sse_bridge
