#include "bridge/feed/feed.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/feed/feed_testing.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using Readiness = PendingSubscriber::Readiness;

class FeedTest : public FeedFixture {};

TEST_F(FeedTest, OneCallServesAllSubscribers) {
  auto feed = StartFeed(Config(/*shared=*/true));
  TestStream a, b;
  JoinAndAttach(feed.get(), &a);
  JoinAndAttach(feed.get(), &b);
  upstream_->WaitCall(0)->Send(Message("x"));
  EXPECT_TRUE(a.ReadUntil(EventText("x")));
  EXPECT_TRUE(b.ReadUntil(EventText("x")));
  EXPECT_EQ(upstream_->calls(), 1u);
  EXPECT_EQ(upstream_->WaitCall(0)->path(), "/test.Service/Stream");
  EXPECT_EQ(upstream_->WaitCall(0)->request(), "first");
}

TEST_F(FeedTest, MetadataGoesWithTheCall) {
  Feed::Config config = Config(/*shared=*/false);
  config.metadata = {{"x-sse-subject", "ada"}};
  auto feed = StartFeed(std::move(config));
  EXPECT_THAT(upstream_->WaitCall(0)->metadata(),
              ElementsAre(testing::Pair("x-sse-subject", "ada")));
  feed->Stop(absl::CancelledError());
}

TEST_F(FeedTest, JoinersGetTheLastEventOfEachKeyAndThenLiveEvents) {
  Feed::Config config = Config(/*shared=*/true);
  config.snapshot = Snapshot::What::kLastPerKey;
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  for (const char* text : {"a1", "b1", "a2"}) {
    call->Send(Message(text, "", absl::string_view(text, 1)));
  }
  ASSERT_TRUE(call->WaitDelivered(3));
  TestStream stream;
  auto subscriber = feed->Join(nullptr, waiter_);
  EXPECT_EQ(subscriber->readiness(), Readiness::kReady);
  call->Send(Message("b2", "", "b"));  // between Join and Attach
  ASSERT_TRUE(call->WaitDelivered(4));
  subscriber->Attach(stream.Open(delivery_.get()), {});
  call->Send(Message("c1", "", "c"));
  EXPECT_TRUE(stream.ReadUntil(EventText("c1")));
  EXPECT_THAT(DataOf(stream.received),
              ElementsAre("\"b1\"", "\"a2\"", "\"b2\"", "\"c1\""));
}

// Each joiner must receive the numbers without gaps or repetitions, from the
// point where it joined to the end.
TEST_F(FeedTest, JoiningWhileEventsArriveMissesNone) {
  constexpr int kEvents = 20'000;
  constexpr int kJoiners = 40;
  delivery_->Stop();
  upstream_ = nullptr;
  StartFeeds({.threads = 2, .queue_limit_bytes = size_t{1} << 30});
  Feed::Config config = Config(/*shared=*/true);
  config.snapshot = Snapshot::What::kLast;
  config.replay.max_events = kEvents;
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < kJoiners; ++i) {
    for (int k = 0; k < kEvents / kJoiners; ++k) {
      call->Send(Message(absl::StrCat(i * (kEvents / kJoiners) + k)));
    }
    auto subscriber = feed->Join(nullptr, waiter_);
    ASSERT_NE(subscriber, nullptr);
    if (i % 3 == 0) std::this_thread::yield();
    streams.push_back(std::make_unique<TestStream>());
    subscriber->Attach(streams.back()->Open(delivery_.get()), {});
  }
  call->End(absl::OkStatus());
  for (auto& stream : streams) {
    std::vector<std::string> data = DataOf(stream->ReadToEnd());
    ASSERT_FALSE(data.empty());
    int first = 0;
    ASSERT_TRUE(
        absl::SimpleAtoi(data[0].substr(1, data[0].size() - 2), &first));
    ASSERT_EQ(data.size(), static_cast<size_t>(kEvents - first));
    for (int i = first; i < kEvents; ++i) {
      ASSERT_EQ(data[static_cast<size_t>(i - first)],
                absl::StrCat("\"", i, "\""));
    }
    EXPECT_THAT(stream->received, EndsWith(StatusEventText(absl::OkStatus())));
  }
}

TEST_F(FeedTest, ExclusiveFeedReadsNoFasterThanItsBrowser) {
  constexpr int kMessages = 400;
  const std::string kilobyte(1000, 'x');
  auto feed = Feed::Create(&context_, Config(/*shared=*/false));
  TestStream stream;
  stream.UseValve();
  JoinAndAttach(feed.get(), &stream, {.policy = SlowPolicy::kUnbounded});
  feed->Begin();
  auto call = upstream_->WaitCall(0);
  for (int i = 0; i < kMessages; ++i) call->Send(Message(kilobyte));
  call->End(absl::OkStatus());
  ASSERT_TRUE(call->WaitDelivered(65));
  for (int i = 0; i < 5; ++i) {
    Sync();
    upstream_->Settle();
  }
  EXPECT_LE(call->delivered(), 70);
  EXPECT_FALSE(call->done());

  stream.Allow(size_t{10} << 20);
  EXPECT_TRUE(call->WaitDone());
  EXPECT_EQ(stream.closed->Wait().reason, CloseReason::kEnded);
  EXPECT_EQ(DataOf(stream.valve->bytes()).size(), size_t{kMessages});
}

TEST_F(FeedTest, EventsBeforeAttachCountAgainstTheWindow) {
  constexpr int kMessages = 400;
  const std::string kilobyte(1000, 'x');
  auto feed = Feed::Create(&context_, Config(/*shared=*/false));
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Begin();
  auto call = upstream_->WaitCall(0);
  for (int i = 0; i < kMessages; ++i) call->Send(Message(kilobyte));
  call->End(absl::OkStatus());
  ASSERT_TRUE(call->WaitDelivered(65));
  upstream_->Settle();
  EXPECT_LE(call->delivered(), 70);
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()),
                     {.policy = SlowPolicy::kUnbounded});
  EXPECT_EQ(DataOf(stream.ReadToEnd()).size(), size_t{kMessages});
  EXPECT_TRUE(call->WaitDone());
}

TEST_F(FeedTest, ExclusiveCallEndsWithItsBrowser) {
  auto feed = Feed::Create(&context_, Config(/*shared=*/false));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  feed->Begin();
  std::weak_ptr<Feed> weak = feed;
  feed = nullptr;
  auto call = upstream_->WaitCall(0);
  call->Send(Message("x"));
  EXPECT_TRUE(stream.ReadUntil(EventText("x")));
  stream.CloseClient();
  EXPECT_TRUE(call->WaitCancelled());
  EXPECT_TRUE(call->WaitDone());
  Sync();
  EXPECT_TRUE(weak.expired());
}

TEST_F(FeedTest, LeavingUnattachedEndsAnExclusiveCall) {
  auto feed = Feed::Create(&context_, Config(/*shared=*/false));
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Begin();
  subscriber = nullptr;
  EXPECT_TRUE(upstream_->WaitCall(0)->WaitCancelled());
}

TEST_F(FeedTest, SharedCallOutlivesItsLastBrowserForTheLinger) {
  Feed::Config config = Config(/*shared=*/true);
  config.linger = absl::Seconds(5);
  Counter ended;
  config.on_end = [&](const Feed*) { ended.Add(1); };
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  auto first = feed->Join(nullptr, waiter_);
  call->Send(Message("x"));
  ASSERT_TRUE(call->WaitDelivered(1));
  first = nullptr;
  Advance(absl::Seconds(5) - absl::Milliseconds(1));
  EXPECT_FALSE(call->cancelled());

  // A client that joins in time keeps the feed, and restarts the linger.
  auto subscriber = feed->Join(nullptr, waiter_);
  ASSERT_NE(subscriber, nullptr);
  Advance(absl::Minutes(1));
  EXPECT_FALSE(call->cancelled());
  subscriber = nullptr;
  Advance(absl::Seconds(4));
  EXPECT_FALSE(call->cancelled());
  EXPECT_EQ(ended.value(), 0);
  Advance(absl::Seconds(1));
  EXPECT_TRUE(call->WaitCancelled());
  EXPECT_EQ(ended.value(), 1);
  EXPECT_EQ(feed->Join(nullptr, waiter_), nullptr);
}

TEST_F(FeedTest, SharedCallWithoutAMessageEndsWithItsLastBrowser) {
  Feed::Config config = Config(/*shared=*/true);
  config.linger = absl::Seconds(5);
  auto feed = StartFeed(std::move(config));
  auto subscriber = feed->Join(nullptr, waiter_),
       other = feed->Join(nullptr, waiter_);
  subscriber = nullptr;
  EXPECT_FALSE(upstream_->WaitCall(0)->cancelled());
  other = nullptr;
  EXPECT_TRUE(upstream_->WaitCall(0)->WaitCancelled());
}

TEST_F(FeedTest, EndBeforeTheFirstMessageLeavesNothingToDeliver) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::PermissionDeniedError("no")}) {
    const size_t number = upstream_->calls();
    auto feed = Feed::Create(&context_, Config(/*shared=*/true));
    auto subscriber = feed->Join(nullptr, waiter_);
    EXPECT_EQ(subscriber->readiness(), Readiness::kWaiting);
    feed->Begin();
    auto call = upstream_->WaitCall(number);
    call->End(status);
    ASSERT_TRUE(call->WaitDone());
    EXPECT_EQ(subscriber->readiness(), Readiness::kEnded);
    EXPECT_EQ(subscriber->end_status(), status);
    EXPECT_EQ(feed->Join(nullptr, waiter_), nullptr);
  }
  EXPECT_EQ(waiter_->ready.value(), 2);
}

TEST_F(FeedTest, EventsBeforeTheEndAreStillDelivered) {
  auto feed = Feed::Create(&context_, Config(/*shared=*/true));
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Begin();
  auto call = upstream_->WaitCall(0);
  call->Send(Message("only"));
  call->End(absl::OkStatus());
  ASSERT_TRUE(call->WaitDone());
  EXPECT_EQ(subscriber->readiness(), Readiness::kReady);
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()), {});
  EXPECT_EQ(stream.ReadToEnd(),
            EventText("only") + StatusEventText(absl::OkStatus()));
}

TEST_F(FeedTest, LatencyIsMeasuredWithTheClockOfDelivery) {
  clock_.Advance(absl::Hours(24 * 36525));  // later than any other clock
  auto feed = StartFeed(Config(/*shared=*/true));
  auto call = upstream_->WaitCall(0);
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  call->Send(Message("x"));
  ASSERT_TRUE(stream.ReadUntil(EventText("x")));
  Sync();
  EXPECT_EQ(delivery_->Stats().latency.sum_nanos, 0u);
}

TEST_F(FeedTest, NormalAndErrorEndsAreSentAsEvents) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::DataLossError("lost")}) {
    const size_t number = upstream_->calls();
    auto feed = StartFeed(Config(/*shared=*/true));
    auto call = upstream_->WaitCall(number);
    TestStream stream;
    JoinAndAttach(feed.get(), &stream);
    call->Send(Message("x"));
    call->End(status);
    EXPECT_EQ(stream.ReadToEnd(), EventText("x") + StatusEventText(status));
    EXPECT_EQ(stream.closed->Wait().reason,
              status.ok() ? CloseReason::kEnded : CloseReason::kError);
  }
}

TEST_F(FeedTest, MetadataOpensTheFeedIfNoRefusalFollows) {
  auto feed = Feed::Create(&context_, Config(/*shared=*/true));
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Begin();
  auto call = upstream_->WaitCall(0);
  call->Open();
  upstream_->Settle();
  Advance(absl::Milliseconds(19));
  EXPECT_EQ(subscriber->readiness(), Readiness::kWaiting);
  Advance(absl::Milliseconds(1));
  EXPECT_EQ(subscriber->readiness(), Readiness::kReady);
  EXPECT_EQ(waiter_->ready.value(), 1);
}

TEST_F(FeedTest, RefusalRightAfterMetadataIsARefusal) {
  auto feed = Feed::Create(&context_, Config(/*shared=*/true));
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Begin();
  auto call = upstream_->WaitCall(0);
  call->Open();
  call->End(absl::PermissionDeniedError("no"));
  ASSERT_TRUE(call->WaitDone());
  Advance(absl::Seconds(1));
  EXPECT_EQ(subscriber->readiness(), Readiness::kEnded);
  EXPECT_EQ(subscriber->end_status(), absl::PermissionDeniedError("no"));
}

TEST_F(FeedTest, FirstMessageMayArriveBeforeStartStreamReturns) {
  for (bool shared : {true, false}) {
    const size_t number = upstream_->calls();
    upstream_->OnStart([](FakeCall* call) {
      for (const char* text : {"1", "2", "3"}) call->Send(Message(text));
      call->End(absl::OkStatus());
      EXPECT_TRUE(call->WaitDelivered(1));
    });
    auto feed = Feed::Create(&context_, Config(shared));
    TestStream stream;
    JoinAndAttach(feed.get(), &stream);
    feed->Begin();
    EXPECT_THAT(DataOf(stream.ReadToEnd()),
                ElementsAre("\"1\"", "\"2\"", "\"3\""));
    EXPECT_TRUE(upstream_->WaitCall(number)->WaitDone());
  }
}

// A member of a feed whose socket is a valve, with a limit of kBound bytes.
class SlowJoinerTest : public FeedFixture {
 protected:
  static constexpr size_t kBound = 10000;
  static constexpr int kEvents = 500;

  void SetUp() override {
    StartFeeds({.threads = 1, .queue_limit_bytes = kBound});
  }

  // One part is half the limit and a frame. The other half is for live events.
  void ExpectBound() {
    Sync();
    EXPECT_LE(delivery_->Stats().queue_bytes, kBound / 2 + 200);
  }

  // Value i of the test, 100 bytes long.
  static std::string Value(int i, absl::string_view version = "v") {
    return absl::StrCat(version, i, std::string(90, '.'));
  }

  void Send(FakeCall* call, int from, int to, absl::string_view version = "v") {
    for (int i = from; i < to; ++i) {
      call->Send(Message(Value(i, version), absl::StrCat(version, i),
                         absl::StrCat(i)));
    }
    ASSERT_TRUE(call->WaitDelivered(sent_ += to - from));
  }

  std::vector<std::string> Drain(TestStream* stream) {
    for (int i = 0; i < 400; ++i) {
      ExpectBound();
      stream->Allow(3000);
      Sync();
    }
    std::vector<std::string> data;
    for (absl::string_view block :
         absl::StrSplit(stream->valve->bytes(), "\n\n")) {
      const size_t at = block.find("data: \"");
      if (at == absl::string_view::npos) continue;
      const absl::string_view text = block.substr(at + 7);
      data.emplace_back(text.substr(0, text.find('.')));
    }
    return data;
  }

  // Opens a stream that resumes and reads nothing, while the feed drops events
  // that it still needs.
  std::shared_ptr<FakeCall> Overtake(TestStream* stream) {
    Feed::Config config = Config(/*shared=*/true);
    config.replay.max_events = kEvents;
    config.replay.max_bytes = config.replay.max_waiting_bytes = 100'000;
    overtaking_ = StartFeed(std::move(config));
    auto call = upstream_->WaitCall(0);
    Send(call.get(), 0, kEvents);
    const std::string id = "v0";
    stream->UseValve();
    overtaking_->Join(&id, waiter_)
        ->Attach(stream->Open(delivery_.get()),
                 {.policy = SlowPolicy::kDisconnect});
    Send(call.get(), kEvents, 3 * kEvents);
    return call;
  }

  int sent_ = 0;
  std::shared_ptr<Feed> overtaking_;
};

TEST_F(SlowJoinerTest, ASnapshotIsQueuedInBoundedParts) {
  Feed::Config config = Config(/*shared=*/true);
  config.snapshot = Snapshot::What::kLastPerKey;
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  Send(call.get(), 0, kEvents);
  TestStream s;
  s.UseValve();
  JoinAndAttach(feed.get(), &s, {.policy = SlowPolicy::kDisconnect});
  ExpectBound();
  s.Allow(20000);
  Sync();
  // Values that change meanwhile are sent once, after the unchanged ones.
  Send(call.get(), 0, 10, "n");
  Send(call.get(), kEvents - 10, kEvents, "n");
  const std::vector<std::string> data = Drain(&s);
  std::map<int, std::string> last;
  for (const std::string& text : data) {
    last[std::atoi(text.c_str() + 1)] = text.substr(0, 1);
  }
  EXPECT_EQ(last.size(), static_cast<size_t>(kEvents));
  for (const auto& [key, version] : last) {
    EXPECT_EQ(version, key < 10 || key >= kEvents - 10 ? "n" : "v") << key;
  }
  // The values at the end were superseded before they were sent.
  EXPECT_EQ(data.size(), static_cast<size_t>(kEvents) + 10);
  // It is now a regular member.
  Send(call.get(), 0, 1, "z");
  EXPECT_EQ(Drain(&s).back(), "z0");
}

TEST_F(SlowJoinerTest, AReplayIsQueuedInBoundedParts) {
  auto feed = StartFeed(Config(/*shared=*/true));
  auto call = upstream_->WaitCall(0);
  Send(call.get(), 0, kEvents);
  const std::string id = "v0";
  TestStream s;
  s.UseValve();
  auto subscriber = feed->Join(&id, waiter_);
  ASSERT_NE(subscriber, nullptr);
  subscriber->Attach(s.Open(delivery_.get()),
                     {.policy = SlowPolicy::kDisconnect});
  ExpectBound();
  s.Allow(20000);
  Sync();
  Send(call.get(), kEvents, kEvents + 20);
  const std::vector<std::string> data = Drain(&s);
  ASSERT_EQ(data.size(), static_cast<size_t>(kEvents) + 19);
  for (size_t i = 0; i < data.size(); ++i) {
    EXPECT_EQ(data[i], absl::StrCat("v", i + 1));
  }
}

TEST_F(SlowJoinerTest, JoinersSlowerThanTheReplayBufferAreDisconnected) {
  TestStream s;
  const auto call = Overtake(&s);
  ExpectBound();
  const std::vector<std::string> data = Drain(&s);
  ASSERT_FALSE(data.empty());
  // It comes back to where it was.
  EXPECT_THAT(s.valve->bytes(),
              HasSubstr(absl::StrCat("event: grpc-status\nid: ", data.back(),
                                     "\ndata: {\"code\":8,")));
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kSlow);
}

TEST_F(SlowJoinerTest, AnEndThatFollowsLostEventsIsNotOk) {
  TestStream s;
  const auto call = Overtake(&s);
  call->End(absl::OkStatus());
  ASSERT_TRUE(call->WaitDone());
  Drain(&s);
  EXPECT_THAT(s.valve->bytes(), HasSubstr("{\"code\":8,"));
  EXPECT_THAT(s.valve->bytes(), Not(HasSubstr("{\"code\":0,")));
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kSlow);
}

TEST_F(SlowJoinerTest, TheEndOfTheFeedComesAfterTheWholeSnapshot) {
  Feed::Config config = Config(/*shared=*/true);
  config.snapshot = Snapshot::What::kLastPerKey;
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  Send(call.get(), 0, kEvents);
  TestStream s, gone;
  s.UseValve();
  gone.UseValve();
  JoinAndAttach(feed.get(), &s);
  JoinAndAttach(feed.get(), &gone);
  gone.CloseClient();
  gone.closed->Wait();
  call->End(absl::OkStatus());
  ASSERT_TRUE(call->WaitDone());
  s.Allow(1 << 20);
  s.closed->Wait();
  const std::string bytes = s.valve->bytes();
  EXPECT_THAT(bytes, HasSubstr(Value(kEvents - 1)));
  EXPECT_THAT(bytes, HasSubstr("event: grpc-status"));
  EXPECT_LT(bytes.find(Value(kEvents - 1)), bytes.find("event: grpc-status"));
}

// The wire bytes of the field `id` and of a truncated text field.
std::string Unreadable(absl::string_view id) {
  return Message("", id) + "\x1a\x7fx";
}

std::string UnreadableText(absl::string_view id) {
  return absl::StrCat("event: unreadable\n",
                      id.empty() ? "" : absl::StrCat("id: ", id, "\n"),
                      "data: {\"code\":15,\"message\":\"the backend's message "
                      "cannot be shown as "
                      "JSON: Event: malformed or truncated wire bytes\"}\n\n");
}

TEST_F(FeedTest, AnUnencodableMessageCostsOnlyThatEvent) {
  for (bool shared : {true, false}) {
    auto feed = Feed::Create(&context_, Config(shared));
    TestStream stream;
    JoinAndAttach(feed.get(), &stream);
    feed->Begin();
    auto call = upstream_->WaitCall(upstream_->calls() - 1);
    call->Send(Message("a", "1"));
    call->Send(Unreadable("2"));
    call->Send(Unreadable(""));
    call->Send(Message("b", "3"));
    EXPECT_TRUE(stream.ReadUntil(EventText("b", "3")));
    EXPECT_EQ(stream.received, EventText("a", "1") + UnreadableText("2") +
                                   UnreadableText("") + EventText("b", "3"));
    EXPECT_FALSE(call->cancelled());
    feed->Stop(absl::OkStatus());
  }
}

TEST_F(FeedTest, TheFirstMessageMayBeUnencodable) {
  auto feed = Feed::Create(&context_, Config(/*shared=*/true));
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Begin();
  upstream_->WaitCall(0)->Send(Unreadable("1"));
  EXPECT_TRUE(waiter_->ready.WaitFor(1));
  EXPECT_EQ(subscriber->readiness(), PendingSubscriber::Readiness::kReady);
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()), {});
  EXPECT_TRUE(stream.ReadUntil(UnreadableText("1")));
}

TEST_F(FeedTest, ResumingSkipsAnUnencodableMessage) {
  auto feed = StartFeed(Config(/*shared=*/true));
  TestStream stream, after_one, after_two;
  JoinAndAttach(feed.get(), &stream);
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a", "1"));
  call->Send(Unreadable("2"));
  call->Send(Message("b", "3"));
  ASSERT_TRUE(stream.ReadUntil(EventText("b", "3")));
  const std::string one = "1", two = "2";
  feed->Join(&one, waiter_)->Attach(after_one.Open(delivery_.get()), {});
  EXPECT_TRUE(after_one.ReadUntil(EventText("b", "3")));
  EXPECT_EQ(after_one.received, UnreadableText("2") + EventText("b", "3"));
  feed->Join(&two, waiter_)->Attach(after_two.Open(delivery_.get()), {});
  EXPECT_TRUE(after_two.ReadUntil(EventText("b", "3")));
  EXPECT_EQ(after_two.received, EventText("b", "3"));
}

TEST_F(FeedTest, ASnapshotKeepsTheLastEncodableValue) {
  Feed::Config config = Config(/*shared=*/true);
  config.snapshot = Snapshot::What::kLast;
  auto feed = StartFeed(std::move(config));
  TestStream stream, late;
  JoinAndAttach(feed.get(), &stream);
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a"));
  call->Send(Unreadable(""));
  ASSERT_TRUE(stream.ReadUntil(UnreadableText("")));
  JoinAndAttach(feed.get(), &late);
  call->Send(Message("b"));
  EXPECT_TRUE(late.ReadUntil(EventText("b")));
  EXPECT_EQ(late.received, EventText("a") + EventText("b"));
}

TEST_F(FeedTest, StopEndsSubscribersAndTheCall) {
  auto feed = StartFeed(Config(/*shared=*/true));
  auto call = upstream_->WaitCall(0);
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Stop(absl::UnavailableError("going"));
  EXPECT_EQ(stream.ReadToEnd(),
            StatusEventText(absl::UnavailableError("going")));
  EXPECT_TRUE(call->WaitCancelled());
  EXPECT_EQ(subscriber->readiness(), Readiness::kEnded);
  EXPECT_EQ(subscriber->end_status(), absl::UnavailableError("going"));
  feed->Stop(absl::OkStatus());  // has no effect
  EXPECT_EQ(subscriber->end_status(), absl::UnavailableError("going"));
}

TEST_F(FeedTest, ABurstLongerThanTheReplayBufferWaitsForAJoiner) {
  Feed::Config config = Config(/*shared=*/true);
  config.replay.max_events = 2;
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  auto subscriber = feed->Join(nullptr, waiter_);
  for (int i = 1; i <= 4; ++i) call->Send(Message("x", absl::StrCat(i)));
  ASSERT_TRUE(call->WaitDelivered(4));
  EXPECT_EQ(feed->OldestId(), "1");
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()), {});
  // The buffer is as long as before.
  EXPECT_EQ(feed->OldestId(), "3");
  EXPECT_TRUE(stream.ReadUntil(EventText("x", "4")));
  EXPECT_EQ(stream.received, EventText("x", "1") + EventText("x", "2") +
                                 EventText("x", "3") + EventText("x", "4"));
}

TEST_F(FeedTest, JoinerThatWaitsLongerThanTheBufferGetsAnError) {
  Feed::Config config = Config(/*shared=*/true);
  config.replay = {.max_events = 4, .max_bytes = 1, .max_waiting_bytes = 310};
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  auto at_bound = feed->Join(nullptr, waiter_);
  for (int i = 0; i < 4; ++i) call->Send(Message("x"));
  ASSERT_TRUE(call->WaitDelivered(4));
  TestStream whole;
  at_bound->Attach(whole.Open(delivery_.get()), {});
  auto beyond = feed->Join(nullptr, waiter_);
  for (int i = 0; i < 5; ++i) call->Send(Message("y"));
  ASSERT_TRUE(call->WaitDelivered(9));
  TestStream cut;
  beyond->Attach(cut.Open(delivery_.get()), {});
  EXPECT_THAT(cut.ReadToEnd(), HasSubstr("{\"code\":8,"));
  feed->Stop(absl::OkStatus());
  EXPECT_EQ(DataOf(whole.ReadToEnd()).size(), 9u);
}

TEST_F(FeedTest, SlowJoinerOfCurrentValuesStartsOver) {
  Feed::Config config = Config(/*shared=*/true);
  config.replay = {.max_events = 4, .max_bytes = 1, .max_waiting_bytes = 1};
  config.snapshot = Snapshot::What::kLast;
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  auto subscriber = feed->Join(nullptr, waiter_);
  for (int i = 0; i < 10; ++i) call->Send(Message(absl::StrCat(i)));
  ASSERT_TRUE(call->WaitDelivered(10));
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()), {});
  call->Send(Message("next"));
  EXPECT_TRUE(stream.ReadUntil(EventText("next")));
  EXPECT_THAT(DataOf(stream.received), ElementsAre("\"9\"", "\"next\""));
}

TEST_F(FeedTest, ReturningBrowserGetsTheEventsItMissed) {
  auto feed = StartFeed(Config(/*shared=*/true));
  auto call = upstream_->WaitCall(0);
  // An event without an ID belongs to the ID before it.
  call->Send(Message("a", "1"));
  call->Send(Message("b"));
  call->Send(Message("c", "3"));
  ASSERT_TRUE(call->WaitDelivered(3));
  const std::string one = "1", unknown = "2", none;
  auto subscriber = feed->Join(&one, waiter_);
  ASSERT_NE(subscriber, nullptr);
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()), {});
  call->Send(Message("d", "4"));
  EXPECT_TRUE(stream.ReadUntil(EventText("d", "4")));
  EXPECT_EQ(stream.received,
            EventText("b") + EventText("c", "3") + EventText("d", "4"));
  EXPECT_EQ(feed->Join(&unknown, waiter_), nullptr);
  EXPECT_EQ(feed->Join(&none, waiter_), nullptr);
}

}  // namespace
}  // namespace sse_bridge
