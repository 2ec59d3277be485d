#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/event_log/event_log.h"
#include "backends/event_log/keys.h"
#include "backends/event_log/log_tail.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/unit/backends/event_log_testing.h"

namespace sse_bridge {
namespace {

using testing::Eventually;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Listener : public EventLog::Subscriber {
 public:
  explicit Listener(std::function<void(std::string)> heard)
      : heard_(std::move(heard)) {}
  void OnEvents() override { heard_("events"); }
  void OnBroadcast(const std::string& payload) override { heard_(payload); }

 private:
  const std::function<void(std::string)> heard_;
};

// The contract of every engine.
class EventLogContract : public ::testing::TestWithParam<const char*> {
 protected:
  EventLogContract() {
    const std::string engine = GetParam();
    if (engine == "redis") {
      redis_ = std::make_unique<testing::RedisServer>();
      store_ = redis_->url();
    } else {
      store_ =
          engine == "memory" ? "sqlite::memory:" : "sqlite:" + dir_.File("log");
    }
  }

  std::unique_ptr<EventLog> Open(EventLog::Limits limits = {}) {
    return MustOpen(store_, limits);
  }

  TempDir dir_;
  std::unique_ptr<testing::RedisServer> redis_;
  std::string store_;
};

INSTANTIATE_TEST_SUITE_P(Engines, EventLogContract,
                         ::testing::Values("memory", "file", "redis"),
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

TEST_P(EventLogContract, ReadContinuesAfterACursorAndCursorsAreOrdered) {
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

TEST_P(EventLogContract, ReadRejectsInvalidCursors) {
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
  // It is empty, and all future events come after it.
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

TEST_P(EventLogContract, UnexpectedValueRejectsTheWholeAppend) {
  auto log = Open();
  const EventLog::Condition absent = {"k", std::nullopt};
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "1", {{"k", "1"}}, absent).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(
      AppendAndWait(log.get(), "a", "2", {{"k", "2"}, {"l", "2"}}, absent)
          .status()));
  EXPECT_EQ(*log->Get("k"), "1");
  EXPECT_TRUE(absl::IsNotFound(log->Get("l").status()));
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), ElementsAre("1"));
}

TEST_P(EventLogContract, RejectedAppendDoesNotAffectOthersInItsBatch) {
  constexpr int kAppends = 2000;
  auto log = Open();
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  std::atomic<int> left{kAppends};
  std::promise<void> all;
  for (int i = 0; i < kAppends; ++i) {
    // Each key occurs twice.
    const std::string key = absl::StrCat("k", i / 2);
    log->Append("a", absl::StrCat(i), {{key, absl::StrCat(i)}},
                {key, std::nullopt},
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

TEST_P(EventLogContract, AppendCanRequireAValue) {
  auto log = Open();
  const std::string value("open\n\0\xff", 7);
  const EventLog::Condition open = {"k", value};
  EXPECT_TRUE(
      absl::IsNotFound(AppendAndWait(log.get(), "a", "1", {}, open).status()));
  ASSERT_TRUE(AppendAndWait(log.get(), "", "", {{"k", value}}).ok());
  EXPECT_TRUE(AppendAndWait(log.get(), "a", "2", {{"k", "ended"}}, open).ok());
  const absl::Status refused =
      AppendAndWait(log.get(), "a", "3", {{"k", "again"}}, open).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(refused.message(), "ended");
  EXPECT_EQ(*log->Get("k"), "ended");
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), ElementsAre("2"));
}

TEST_P(EventLogContract, OnlyOneOfManyConditionalAppendsSucceeds) {
  constexpr int kAppends = 200;
  auto log = Open();
  ASSERT_TRUE(AppendAndWait(log.get(), "", "", {{"k", "open"}}).ok());
  std::atomic<int> accepted{0};
  std::atomic<int> left{kAppends};
  std::promise<void> all;
  for (int i = 0; i < kAppends; ++i) {
    log->Append("a", "end", {{"k", "ended"}}, {"k", "open"},
                [&](absl::Status status, std::string) {
                  if (status.ok()) ++accepted;
                  if (--left == 0) all.set_value();
                });
  }
  all.get_future().wait();
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(log->Read("a", "", 10)->size(), 1u);
}

TEST_P(EventLogContract, ManyValuesAreReadTogether) {
  auto log = Open();
  ASSERT_TRUE(AppendAndWait(log.get(), "", "",
                            {{"a", "1"}, {"c", ""}, {"\xff\n", "\xfe"}})
                  .ok());
  EXPECT_THAT(*log->GetAll({"c", "b", "\xff\n", "a"}),
              ElementsAre("", std::nullopt, "\xfe", "1"));
  EXPECT_THAT(*log->GetAll({}), IsEmpty());
}

// Notifications may be repeated; see Subscriber.
TEST_P(EventLogContract, SubscribersReceiveOnlyTheirTopic) {
  auto log = Open();
  std::mutex mu;
  std::multiset<std::string> here, elsewhere;
  auto mine = std::make_shared<Listener>([&](const std::string& what) {
    std::lock_guard<std::mutex> lock(mu);
    here.insert(what);
  });
  auto other = std::make_shared<Listener>([&](const std::string& what) {
    std::lock_guard<std::mutex> lock(mu);
    elsewhere.insert(what);
  });
  auto subscription = log->Subscribe("a", mine);
  auto other_subscription = log->Subscribe("b", other);
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "1").ok());
  log->Broadcast("a", "typing");
  log->Broadcast("b", "leaving");
  EXPECT_TRUE(Eventually([&] {
    std::lock_guard<std::mutex> lock(mu);
    return here.count("events") > 0 && here.count("typing") == 1 &&
           elsewhere.count("leaving") == 1;
  }));
  std::lock_guard<std::mutex> lock(mu);
  EXPECT_EQ(here.count("leaving"), 0u);
  EXPECT_EQ(elsewhere.count("typing"), 0u);
}

TEST_P(EventLogContract, BroadcastsReachSubscribersAndAreNotStored) {
  auto log = Open();
  log->Broadcast("a", "nobody listens");
  std::mutex mu;
  std::vector<std::string> heard;
  auto listener = std::make_shared<Listener>([&](const std::string& what) {
    std::lock_guard<std::mutex> lock(mu);
    if (what != "events") heard.push_back(what);
  });
  // The earlier broadcast has been delivered when this append is acknowledged.
  ASSERT_TRUE(AppendAndWait(log.get(), "b", "1").ok());
  auto subscription = log->Subscribe("a", listener);
  log->Broadcast("a", "typing");
  EXPECT_TRUE(Eventually([&] {
    std::lock_guard<std::mutex> lock(mu);
    return !heard.empty();
  }));
  EXPECT_THAT(Payloads(log->Read("a", "", 10)), IsEmpty());
  subscription.reset();
  std::lock_guard<std::mutex> lock(mu);
  EXPECT_THAT(heard, ElementsAre("typing"));
}

TEST_P(EventLogContract, NothingIsReceivedAfterUnsubscribing) {
  auto log = Open();
  std::atomic<int> heard{0};
  auto listener = std::make_shared<Listener>([&](std::string) { ++heard; });
  auto subscription = log->Subscribe("a", listener);
  subscription.reset();
  log->Broadcast("a", "typing");
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "1").ok());
  // All callbacks for the first have run when this is acknowledged.
  ASSERT_TRUE(AppendAndWait(log.get(), "b", "2").ok());
  // A subscription and a subscriber may outlive the log. Another subscription
  // may still receive events from just before it began.
  subscription =
      log->Subscribe("a", std::make_shared<Listener>([](std::string) {}));
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

TEST_P(EventLogContract, CursorBeforeMissingEventsIsRejected) {
  EventLog::Limits limits;
  limits.max_events_per_topic = 3;
  auto log = Open(limits);
  const std::string before = *log->Head("a");
  const std::string other = *AppendAndWait(log.get(), "b", "other");
  std::vector<std::string> cursors;
  for (int i = 0; i < 5; ++i) {
    cursors.push_back(*AppendAndWait(log.get(), "a", absl::StrCat(i)));
  }
  // 0 and 1 are gone. A reader that has seen 1 misses nothing.
  EXPECT_THAT(Payloads(log->Read("a", cursors[1], 10)),
              ElementsAre("2", "3", "4"));
  EXPECT_THAT(Payloads(log->Read("a", cursors[3], 10)), ElementsAre("4"));
  EXPECT_EQ(*log->Oldest("a"), cursors[2]);
  EXPECT_TRUE(absl::IsOutOfRange(log->Read("a", cursors[0], 10).status()));
  EXPECT_TRUE(absl::IsOutOfRange(log->Read("a", before, 10).status()));
  // Nothing is missing in other topics.
  EXPECT_THAT(Payloads(log->Read("b", before, 10)), ElementsAre("other"));
  EXPECT_THAT(Payloads(log->Read("b", cursors[0], 10)), IsEmpty());
  EXPECT_THAT(Payloads(log->Read("none", before, 10)), IsEmpty());
}

TEST_P(EventLogContract, OldCursorsExpireBeyondTheTrackedTopics) {
  EventLog::Limits limits;
  limits.max_events_per_topic = 1;
  limits.max_trimmed_topics = 2;
  auto log = Open(limits);
  const std::string quiet = *AppendAndWait(log.get(), "quiet", "1");
  std::map<std::string, std::string> cursors;  // the last deleted event of each
  for (const char* topic : {"a", "b"}) {
    cursors[topic] = *AppendAndWait(log.get(), topic, "1");
    ASSERT_TRUE(AppendAndWait(log.get(), topic, "2").ok());
  }
  const std::string none = *log->Head("none");
  // At the limit, all positions are known.
  EXPECT_TRUE(log->Read("a", cursors["a"], 1).ok());
  EXPECT_TRUE(absl::IsOutOfRange(log->Read("a", quiet, 1).status()));
  EXPECT_TRUE(log->Read("none", quiet, 1).ok());
  cursors["c"] = *AppendAndWait(log.get(), "c", "1");
  ASSERT_TRUE(AppendAndWait(log.get(), "c", "2").ok());
  // One more: "a" is forgotten, and cursors as old as its deletion expire...
  EXPECT_TRUE(absl::IsOutOfRange(log->Read("none", quiet, 1).status()));
  EXPECT_TRUE(absl::IsOutOfRange(log->Read("a", quiet, 1).status()));
  // ...except cursors of existing events, and later ones.
  EXPECT_TRUE(log->Read("quiet", quiet, 1).ok());
  EXPECT_TRUE(log->Read("none", none, 1).ok());
  for (const char* topic : {"a", "b", "c"}) {
    EXPECT_THAT(Payloads(log->Read(topic, cursors[topic], 10)),
                ElementsAre("2"));
  }
}

TEST_P(EventLogContract, ABigTopicIsTrimmedInBigSteps) {
  EventLog::Limits limits;
  limits.max_events_per_topic = 160;  // up to 10 more may be there
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

TEST_P(EventLogContract, TailDeliversEachEventOnceDuringAppends) {
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
        log->Append("a", "x", {}, {}, [](absl::Status, std::string) {});
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

TEST_P(EventLogContract, EventsAndStateExpire) {
  EventLog::Limits limits;
  limits.max_age = absl::Milliseconds(800);
  auto log = Open(limits);
  const std::string before = *log->Head("a");
  std::vector<EventLog::Change> changes(2);
  changes[0].key = "expires";
  changes[0].expires = true;
  changes[1].key = "stays";
  const std::string old = *AppendAndWait(log.get(), "a", "old", changes);
  EXPECT_TRUE(log->Get("expires").ok());
  EXPECT_THAT(Payloads(log->Read("a", before, 10)), ElementsAre("old"));
  // The other topic's event is newer.
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (log->Last("a").ok() && absl::Now() < end) {
    ASSERT_TRUE(AppendAndWait(log.get(), "b", "new").ok());
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_TRUE(absl::IsNotFound(log->Last("a").status()));
  EXPECT_TRUE(log->Last("b").ok());
  EXPECT_TRUE(absl::IsOutOfRange(log->Read("a", before, 10).status()));
  EXPECT_THAT(Payloads(log->Read("a", old, 10)), IsEmpty());
  EXPECT_EQ(*log->Oldest("a"), "");
  while (log->Get("expires").ok() && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_TRUE(absl::IsNotFound(log->Get("expires").status()));
  EXPECT_TRUE(log->Get("stays").ok());
  // Later events come after it.
  ASSERT_TRUE(AppendAndWait(log.get(), "a", "next").ok());
  EXPECT_THAT(Payloads(log->Read("a", old, 10)), ElementsAre("next"));
}

TEST_P(EventLogContract, CachedReadsEqualOtherReads) {
  // More than an engine would cache.
  constexpr int kEvents = 300;
  auto log = Open();
  std::atomic<int> heard{0};
  auto listener = std::make_shared<Listener>([&](std::string) { ++heard; });
  auto subscription = log->Subscribe("a", listener);
  std::vector<std::string> cursors;
  for (int i = 0; i < kEvents; ++i) {
    cursors.push_back(*AppendAndWait(log.get(), "a", absl::StrCat(i)));
    ASSERT_TRUE(AppendAndWait(log.get(), "b", "other").ok());
  }
  for (int i = 0; i < kEvents; ++i) {
    auto events = log->Read("a", cursors[i], 1000);
    ASSERT_TRUE(events.ok());
    // The cache may contain only the beginning, but never nothing.
    ASSERT_EQ(events->empty(), i + 1 == kEvents);
    for (size_t e = 0; e < events->size(); ++e) {
      ASSERT_EQ((*events)[e].payload, absl::StrCat(i + 1 + e));
      ASSERT_EQ((*events)[e].cursor, cursors[i + 1 + e]);
    }
  }
}

TEST(EventLog, UnknownStoresAreRefused) {
  for (const char* store : {"", "sqlite:", "postgres://x", "log.db", "redis:",
                            "redis://", "redis://h:x", "redis://h/x"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(OpenEventLog(store, {}).status()))
        << store;
  }
  EXPECT_TRUE(absl::IsUnavailable(
      OpenEventLog("sqlite:/nonexistent/directory/log", {}).status()));
  EXPECT_TRUE(
      absl::IsUnavailable(OpenEventLog("redis://127.0.0.1:1", {}).status()));
}

TEST(Keys, NamesCannotCollide) {
  EXPECT_EQ(LogKey({"unread", "u"}), "unread/u");
  EXPECT_NE(LogKey({"unread", "a/b", "c"}), LogKey({"unread", "a", "b/c"}));
  EXPECT_NE(LogKey({"a/b"}), LogKey({"a%2Fb"}));
  EXPECT_NE(RandomId(), RandomId());
  EXPECT_EQ(RandomId().size(), 32u);
}

}  // namespace
}  // namespace sse_bridge
