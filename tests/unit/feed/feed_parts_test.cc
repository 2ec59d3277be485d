// The parts of a feed, without a feed: history, read window, reconnection,
// upstream session.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/feed/feed_history.h"
#include "bridge/feed/own_events.h"
#include "bridge/feed/read_window.h"
#include "bridge/feed/reconnect_state.h"
#include "bridge/feed/upstream_session.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

FramePtr Numbered(int n) { return EventFrame({.data = std::to_string(n)}); }

std::string Data(const std::vector<FramePtr>& frames) {
  std::string all;
  for (const FramePtr& frame : frames) {
    absl::StrAppend(&all, frame->event().data, " ");
  }
  return all;
}

void Add(FeedHistory* history, int n, absl::string_view id = "",
         bool waits = false) {
  history->Add(id, Numbered(n), waits, [] { return absl::ZeroDuration(); });
}

std::string Missed(const FeedHistory& history, const std::string& id) {
  std::vector<FramePtr> first;
  FeedHistory::Position position;
  return history.Join(&id, &first, &position) ? Data(first) : "unknown";
}

TEST(FeedHistoryTest, WhoComesBackGetsWhatFollowsTheId) {
  FeedHistory history({.shared = true, .first_id = "start"});
  Add(&history, 1, "a");
  Add(&history, 2);
  Add(&history, 3, "c");
  EXPECT_EQ(Missed(history, "start"), "1 2 3 ");
  EXPECT_EQ(Missed(history, "a"), "2 3 ");
  EXPECT_EQ(Missed(history, "c"), "");
  EXPECT_EQ(Missed(history, "z"), "unknown");
  EXPECT_EQ(history.oldest_id(), "a");
  EXPECT_EQ(history.next_seq(), 4u);
}

TEST(FeedHistoryTest, WithoutIdsOnlyThoseWhoWaitAreKeptFor) {
  FeedHistory history({.shared = true});
  Add(&history, 1);
  Add(&history, 2, "", /*waits=*/true);
  std::vector<FramePtr> frames;
  FeedHistory::Position position;
  EXPECT_FALSE(history.Since(1, &frames, &position));
  EXPECT_TRUE(history.Since(2, &frames, &position));
  EXPECT_EQ(Data(frames), "2 ");
}

TEST(FeedHistoryTest, AnExclusiveFeedKeepsNothingForThoseWhoComeBack) {
  FeedHistory history({.shared = false});
  Add(&history, 1, "a", /*waits=*/true);
  Add(&history, 2, "b", /*waits=*/true);
  EXPECT_EQ(Missed(history, "a"), "2 ");
  history.ForgetEvents();
  Add(&history, 3, "c");
  EXPECT_EQ(Missed(history, "b"), "unknown");
  EXPECT_EQ(Missed(history, "c"), "unknown");
}

TEST(FeedHistoryTest, AFirstVisitBeginsWithTheCurrentValues) {
  FeedHistory history(
      {.shared = true, .snapshot = Snapshot::What::kLastPerKey});
  history.SetCurrent("x", Numbered(1));
  history.SetCurrent("y", Numbered(2));
  history.SetCurrent("x", Numbered(3));
  std::vector<FramePtr> first;
  FeedHistory::Position position;
  EXPECT_TRUE(history.Join(nullptr, &first, &position));
  EXPECT_EQ(Data(first), "2 3 ");
}

TEST(FeedHistoryTest, APartIsBoundedAndTheNextGoesOnFromThere) {
  FeedHistory history(
      {.shared = true, .snapshot = Snapshot::What::kLastPerKey});
  for (int i = 0; i < 3; ++i) {
    history.SetCurrent(std::to_string(i), Numbered(i));
    Add(&history, i, std::to_string(i));
  }
  std::vector<FramePtr> first;
  FeedHistory::Position position;
  ASSERT_TRUE(history.Join(nullptr, &first, &position));
  Add(&history, 3, "3");
  std::string all;
  bool more = true;
  for (int parts = 0; more; ++parts) {
    ASSERT_LT(parts, 5);
    std::vector<FramePtr> part;
    ASSERT_TRUE(history.Next(&position, /*max_bytes=*/1, &part, &more));
    EXPECT_LE(part.size(), 1u);
    all += Data(part);
  }
  EXPECT_EQ(all, "0 1 2 3 ");
}

TEST(FeedHistoryTest, ReadsTheClockOnlyForEventsThatItKeeps) {
  FeedHistory history({.shared = true});
  int reads = 0;
  const auto now = [&reads] {
    ++reads;
    return absl::ZeroDuration();
  };
  history.Add("", Numbered(1), /*waits=*/false, now);
  EXPECT_EQ(reads, 0);
  history.Add("a", Numbered(2), /*waits=*/false, now);
  EXPECT_EQ(reads, 1);
}

TEST(FeedHistoryTest, WhoIsSlowerThanTheReplayBufferReachesBackHasLostEvents) {
  FeedHistory history({.shared = true, .replay = {.max_events = 1}});
  Add(&history, 1, "a");
  Add(&history, 2, "b");
  FeedHistory::Position position{.seq = 1};
  std::vector<FramePtr> part;
  bool more = false;
  EXPECT_FALSE(history.Next(&position, 100, &part, &more));
}

TEST(ReadWindowTest, AnExclusiveSubscriberThatIsBehindPausesTheCall) {
  ReadWindow window(/*shared=*/false);
  window.Published(ReadWindow::kBytes);
  EXPECT_TRUE(window.AskNext(/*known=*/true));
  window.Published(1);
  EXPECT_FALSE(window.AskNext(/*known=*/true));
  EXPECT_FALSE(window.Sent(1));  // more than half is still waiting
  EXPECT_TRUE(window.Sent(ReadWindow::kBytes / 2));
  EXPECT_TRUE(window.Resume(/*known=*/true));
  EXPECT_FALSE(window.Resume(/*known=*/true));  // once
}

TEST(ReadWindowTest, ASharedFeedIsNeverPaused) {
  ReadWindow window(/*shared=*/true);
  window.Published(size_t{10} << 20);
  EXPECT_TRUE(window.AskNext(/*known=*/true));
  EXPECT_FALSE(window.Sent(size_t{10} << 20));
}

TEST(ReadWindowTest, WhatIsOwedToACallIsAskedWhenItIsKnown) {
  ReadWindow window(/*shared=*/true);
  EXPECT_FALSE(window.TakeOwed());
  EXPECT_FALSE(window.AskNext(/*known=*/false));
  EXPECT_TRUE(window.TakeOwed());
  EXPECT_FALSE(window.TakeOwed());
  EXPECT_FALSE(window.AskNext(/*known=*/false));
  window.Reset();  // another call
  EXPECT_FALSE(window.TakeOwed());
}

constexpr absl::Duration kNow = absl::Hours(1);

TEST(ReconnectStateTest, OnlyLossesAreTriedAgainAndNotForEver) {
  CircuitLog log;
  ReconnectState state({.give_up_after = absl::Seconds(10)});
  const absl::Status loss = absl::UnavailableError("lost");
  EXPECT_TRUE(state.TriesAgain(loss, kNow));
  EXPECT_FALSE(state.TriesAgain(absl::NotFoundError("x"), kNow));
  EXPECT_FALSE(state.TriesAgain(absl::OkStatus(), kNow));
  state.BeginAway(log.Lost("address", "/a/b", loss), kNow);
  EXPECT_EQ(log.away(), 1);
  EXPECT_TRUE(state.TriesAgain(loss, kNow + absl::Seconds(9)));
  EXPECT_FALSE(state.TriesAgain(loss, kNow + absl::Seconds(10)));
  EXPECT_TRUE(state.EndAway());
  EXPECT_FALSE(state.EndAway());
  EXPECT_EQ(log.away(), 0);
  EXPECT_TRUE(state.TriesAgain(loss, kNow + absl::Seconds(10)));
}

TEST(ReconnectStateTest, WaitsGrowUntilTheCallHasHeldOrSpoken) {
  ReconnectState state(ReconnectPolicy{});
  state.CallStarted(kNow);
  EXPECT_LE(state.NextWait(kNow), Backoff::kFirst);
  EXPECT_LE(state.NextWait(kNow), 2 * Backoff::kFirst);
  for (int i = 0; i < 20; ++i) {
    EXPECT_LE(state.NextWait(kNow), Backoff::kLongest);
  }
  state.MessageArrived();
  EXPECT_LE(state.NextWait(kNow), Backoff::kFirst);
  for (int i = 0; i < 20; ++i) state.NextWait(kNow);
  // So long a call was no failure.
  EXPECT_LE(state.NextWait(kNow + Backoff::kLongest + absl::Seconds(1)),
            Backoff::kFirst);
}

class IdleCall : public StreamCall {
 public:
  void Read() override {}
  void Cancel() override {}
};

// Serves ids that are numbers.
std::optional<std::string> RequestAfter(absl::string_view id) {
  int number;
  if (!absl::SimpleAtoi(id, &number)) return std::nullopt;
  return absl::StrCat("after ", id);
}

TEST(UpstreamSessionTest, EachCallResumesAfterTheLastEvent) {
  UpstreamSession session(ReconnectPolicy{}, /*first_id=*/"");
  EXPECT_EQ(session.Begin("all", RequestAfter, kNow).request, "all");
  EXPECT_FALSE(session.resumes());
  session.SetLastId("7");
  EXPECT_EQ(session.Begin("all", RequestAfter, kNow).request, "after 7");
  EXPECT_TRUE(session.resumes());
  EXPECT_EQ(session.Begin("all", nullptr, kNow).request, "all");
  EXPECT_FALSE(session.resumes());
  EXPECT_EQ(session.TakeOwedReset(), nullptr);
}

TEST(UpstreamSessionTest, TheFirstCallResumesAfterTheFirstId) {
  UpstreamSession session(ReconnectPolicy{}, "3");
  EXPECT_EQ(session.Begin("all", RequestAfter, kNow).request, "after 3");
}

TEST(UpstreamSessionTest, AnIdThatDoesNotFitTheRequestOwesOneReset) {
  UpstreamSession session(ReconnectPolicy{}, "x");
  EXPECT_EQ(session.Begin("all", RequestAfter, kNow).request, "all");
  EXPECT_FALSE(session.resumes());
  const FramePtr reset = session.TakeOwedReset();
  ASSERT_NE(reset, nullptr);
  EXPECT_EQ(reset->event().data, R"({"requested":"x","oldest":""})");
  EXPECT_EQ(session.TakeOwedReset(), nullptr);
  session.Begin("all", RequestAfter, kNow);
  EXPECT_EQ(session.TakeOwedReset(), nullptr);
}

TEST(UpstreamSessionTest, AnExpiredIdOwesAResetAndIsNotAskedForAgain) {
  UpstreamSession session(ReconnectPolicy{}, "3");
  session.Begin("all", RequestAfter, kNow);
  session.RestartFromBeginning("9");
  EXPECT_EQ(session.Begin("all", RequestAfter, kNow).request, "all");
  const FramePtr reset = session.TakeOwedReset();
  ASSERT_NE(reset, nullptr);
  EXPECT_EQ(reset->event().data, R"({"requested":"3","oldest":"9"})");
}

TEST(UpstreamSessionTest, OnlyTheLastGenerationIsCurrent) {
  UpstreamSession session(ReconnectPolicy{}, "");
  const uint64_t first = session.Begin("all", nullptr, kNow).generation;
  EXPECT_TRUE(session.IsCurrent(first));
  const uint64_t waiting = session.Supersede();
  EXPECT_FALSE(session.IsCurrent(first));
  EXPECT_TRUE(session.IsCurrent(waiting));
  const uint64_t second = session.Begin("all", nullptr, kNow).generation;
  EXPECT_FALSE(session.IsCurrent(waiting));
  EXPECT_TRUE(session.IsCurrent(second));
}

TEST(UpstreamSessionTest, MetadataIsThatOfTheCurrentCall) {
  UpstreamSession session(ReconnectPolicy{}, "");
  session.Begin("all", nullptr, kNow);
  session.AddMetadata({{"a", "1"}});
  session.AddMetadata({{"b", "2"}});
  EXPECT_EQ(session.response_metadata(), (Metadata{{"a", "1"}, {"b", "2"}}));
  session.Begin("all", nullptr, kNow);
  EXPECT_TRUE(session.response_metadata().empty());
}

TEST(UpstreamSessionTest, CloseGivesUpTheOutageAndReturnsTheCall) {
  CircuitLog log;
  UpstreamSession session(ReconnectPolicy{}, "");
  const uint64_t generation = session.Begin("all", nullptr, kNow).generation;
  const auto call = std::make_shared<IdleCall>();
  session.SetCall(call);
  session.reconnect().BeginAway(
      log.Lost("address", "/a/b", absl::UnavailableError("lost")), kNow);
  EXPECT_EQ(session.Close(), call);
  EXPECT_FALSE(session.IsCurrent(generation));
  EXPECT_EQ(session.call(), nullptr);
  EXPECT_EQ(log.away(), 0);
}

}  // namespace
}  // namespace sse_bridge
