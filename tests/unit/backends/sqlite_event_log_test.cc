#include "backends/event_log/sqlite_event_log.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "backends/event_log/sqlite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/backends/event_log_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SqliteEventLog, EventsStateAndCursorsSurviveReopening) {
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

TEST(SqliteEventLog, AFileOfAnotherLayoutIsRefusedByName) {
  // A later layout, and the one from before layouts were numbered.
  for (const char* sql :
       {"PRAGMA user_version=2",
        "CREATE TABLE state(key BLOB PRIMARY KEY, value BLOB)"}) {
    TempDir dir;
    const std::string path = dir.File("log");
    ASSERT_TRUE((*SqliteDatabase::Open(path))->Execute(sql).ok());
    const absl::Status status = OpenEventLog("sqlite:" + path, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << sql;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(path), HasSubstr("reads layout 1")));
  }
}

TEST(SqliteEventLog, AFileFromBeforeLayoutsHadNumbersIsRead) {
  TempDir dir;
  const std::string store = "sqlite:" + dir.File("log");
  ASSERT_TRUE(AppendAndWait(MustOpen(store).get(), "a", "1").ok());
  ASSERT_TRUE((*SqliteDatabase::Open(dir.File("log")))
                  ->Execute("PRAGMA user_version=0")
                  .ok());
  EXPECT_THAT(Payloads(MustOpen(store)->Read("a", "", 10)), ElementsAre("1"));
}

TEST(SqliteEventLog, ClosingWritesWhatWasAppended) {
  TempDir dir;
  const std::string store = "sqlite:" + dir.File("log");
  std::atomic<int> acknowledged{0};
  auto log = MustOpen(store);
  for (int i = 0; i < 3000; ++i) {
    log->Append("a", "x", {}, {}, [&](absl::Status status, std::string) {
      if (status.ok()) ++acknowledged;
    });
  }
  log = nullptr;
  EXPECT_EQ(acknowledged, 3000);
  EXPECT_EQ(Payloads(MustOpen(store)->Read("a", "", 5000)).size(), 3000u);
}

TEST(SqliteEventLog, OldEventsExpire) {
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
  // Its cursors are still valid, and later events come after them.
  EXPECT_TRUE(log->Read("a", old, 10).ok());

  // Without reopening: after a number of appends, whatever their topic.
  now = 1102;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(AppendAndWait(log.get(), "c", "x").ok());
  }
  EXPECT_THAT(Payloads(log->Read("b", "", 10)), IsEmpty());
  EXPECT_EQ(Payloads(log->Read("c", "", 1000)).size(), 300u);
}

TEST(SqliteEventLog, AFileThatCannotGrowRefusesAppendsAndRecovers) {
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

TEST(SqliteEventLog, AcknowledgedEventsSurviveSigkillExactlyOnce) {
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
            {{absl::StrCat("k", i), absl::StrCat(i)}}, {},
            [fd = fds[1], i](absl::Status status, std::string cursor) {
              if (!status.ok()) return;
              const std::string line = absl::StrCat(i, " ", cursor, "\n");
              if (write(fd, line.data(), line.size()) < 0) _exit(1);
            });
        if (i % 50 == 0) usleep(100);
      }
    }
    close(fds[1]);
    // It is killed while writing; the pipe contains what was acknowledged.
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
    // The log can be used again.
    EXPECT_TRUE(AppendAndWait(log.get(), "a", "next").ok());
  }
}

}  // namespace
}  // namespace sse_bridge
