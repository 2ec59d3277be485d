// What a feed does when its backend is lost.

#include <memory>
#include <string>

#include "absl/strings/cord.h"
#include "bridge/feed/feed.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/unit/feed/feed_testing.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;
using Readiness = PendingSubscriber::Readiness;

// The upper bound of the backoff.
constexpr absl::Duration kLongestBackoff = absl::Seconds(5);

constexpr char kAway[] =
    ": upstream is away\n\nevent: upstream\ndata: {\"state\":\"away\"}\n\n";
constexpr char kBack[] = "event: upstream\ndata: {\"state\":\"back\"}\n\n";

// The error of a backend that no longer keeps the ID.
absl::Status ExpiredError(const std::string& oldest) {
  google::rpc::ErrorInfo info;
  info.set_reason("CURSOR_EXPIRED");
  (*info.mutable_metadata())["oldest"] = oldest;
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  absl::Status status = absl::OutOfRangeError("no longer kept");
  status.SetPayload(kStatusDetailsUrl,
                    absl::Cord(absl::string_view(details.SerializeAsString())));
  return status;
}

class FeedReconnectTest : public FeedFixture {
 protected:
  Feed::Config Resumable(bool shared) {
    Feed::Config config = Config(shared);
    config.request_after = RequestAfter;
    return config;
  }

  void Lose(FakeCall* call) {
    call->End(absl::UnavailableError("lost"));
    ASSERT_TRUE(call->WaitDone());
  }
};

TEST_F(FeedReconnectTest, ResumesAfterTheLastId) {
  for (bool shared : {true, false}) {
    const size_t number = upstream_->calls();
    auto feed = Feed::Create(&context_, Resumable(shared));
    TestStream stream;
    JoinAndAttach(feed.get(), &stream);
    feed->Begin();
    auto call = upstream_->WaitCall(number);
    call->Send(Message("a", "1"));
    call->Send(Message("b", "2"));
    Lose(call.get());
    Advance(kLongestBackoff);
    auto next = upstream_->WaitCall(number + 1);
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(next->request(), "after 2");
    next->Send(Message("c", "3"));
    EXPECT_TRUE(stream.ReadUntil(EventText("c", "3")));
    EXPECT_EQ(stream.received, EventText("a", "1") + EventText("b", "2") +
                                   kAway + kBack + EventText("c", "3"));
    feed->Stop(absl::OkStatus());
  }
}

TEST_F(FeedReconnectTest, RepeatsTheFirstRequestIfNoEventWasSeen) {
  auto feed = Feed::Create(&context_, Resumable(true));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  feed->Begin();
  auto call = upstream_->WaitCall(0);
  call->Open();
  upstream_->Settle();
  Advance(absl::Milliseconds(20));
  Lose(call.get());
  Advance(kLongestBackoff);
  auto next = upstream_->WaitCall(1);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->request(), "first");
}

TEST_F(FeedReconnectTest, CurrentValuesAreRequestedAgain) {
  Feed::Config config = Config(/*shared=*/true);
  config.live_values = true;
  auto feed = StartFeed(std::move(config));
  auto call = upstream_->WaitCall(0);
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  call->Send(Message("a", "1"));
  Lose(call.get());
  Advance(kLongestBackoff);
  auto next = upstream_->WaitCall(1);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->request(), "first");
}

// The metadata's timer belongs to the lost call, not to the next one.
TEST_F(FeedReconnectTest, LossSoonAfterMetadataIsStillALoss) {
  for (int round = 0; round < 5; ++round) {
    const size_t number = upstream_->calls();
    auto feed = Feed::Create(&context_, Resumable(true));
    TestStream stream;
    JoinAndAttach(feed.get(), &stream);
    feed->Begin();
    auto call = upstream_->WaitCall(number);
    call->Open();
    call->Send(Message("a", "1"));
    Lose(call.get());
    Advance(absl::Milliseconds(20));
    Advance(kLongestBackoff);
    ASSERT_NE(upstream_->WaitCall(number + 1), nullptr);

    // Also if the backend has returned with metadata only.
    call = upstream_->WaitCall(number + 1);
    call->Open();
    Lose(call.get());
    Advance(absl::Milliseconds(20));
    Advance(kLongestBackoff);
    auto last = upstream_->WaitCall(number + 2);
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->request(), "after 1");
    feed->Stop(absl::OkStatus());
  }
}

TEST_F(FeedReconnectTest, SubscribersAreNotifiedOncePerOutage) {
  auto feed = StartFeed(Resumable(true));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  upstream_->WaitCall(0)->Send(Message("a", "1"));
  for (size_t i = 0; i < 4; ++i) {
    auto call = upstream_->WaitCall(i);
    ASSERT_NE(call, nullptr);
    Lose(call.get());
    Advance(kLongestBackoff);
  }
  upstream_->WaitCall(4)->Send(Message("b", "2"));
  EXPECT_TRUE(stream.ReadUntil(EventText("b", "2")));
  EXPECT_EQ(stream.received,
            EventText("a", "1") + kAway + kBack + EventText("b", "2"));
}

TEST_F(FeedReconnectTest, SubscribersCanJoinDuringAnOutage) {
  auto feed = StartFeed(Resumable(true));
  TestStream first, second;
  JoinAndAttach(feed.get(), &first);
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a", "1"));
  Lose(call.get());
  const std::string one = "1";
  auto subscriber = feed->Join(&one, waiter_);
  ASSERT_NE(subscriber, nullptr);
  EXPECT_EQ(subscriber->readiness(), Readiness::kReady);
  subscriber->Attach(second.Open(delivery_.get()), {});
  Advance(kLongestBackoff);
  upstream_->WaitCall(1)->Send(Message("b", "2"));
  EXPECT_TRUE(second.ReadUntil(EventText("b", "2")));
}

TEST_F(FeedReconnectTest, JoiningDuringAnOutageShowsItsStartAndEnd) {
  auto feed = StartFeed(Resumable(true));
  TestStream first, second, third;
  JoinAndAttach(feed.get(), &first);
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a", "1"));
  const std::string one = "1";
  ASSERT_TRUE(first.ReadUntil(EventText("a", "1")));
  // Joins before the outage and is attached during it.
  auto early = feed->Join(&one, waiter_);
  Lose(call.get());
  early->Attach(second.Open(delivery_.get()), {});
  // Joins during the outage and is attached after it.
  auto late = feed->Join(&one, waiter_);
  Advance(kLongestBackoff);
  upstream_->WaitCall(1)->Send(Message("b", "2"));
  ASSERT_TRUE(first.ReadUntil(EventText("b", "2")));
  late->Attach(third.Open(delivery_.get()), {});
  EXPECT_TRUE(second.ReadUntil(EventText("b", "2")));
  EXPECT_TRUE(third.ReadUntil(EventText("b", "2")));
  EXPECT_EQ(second.received, std::string(kAway) + kBack + EventText("b", "2"));
  EXPECT_EQ(third.received, EventText("b", "2"));
}

TEST_F(FeedReconnectTest, HiddenOutagesSendOnlyAComment) {
  for (bool shared : {true, false}) {
    const size_t number = upstream_->calls();
    Feed::Config config = Resumable(shared);
    config.hide_outages = true;
    auto feed = Feed::Create(&context_, std::move(config));
    TestStream stream;
    JoinAndAttach(feed.get(), &stream);
    feed->Begin();
    auto call = upstream_->WaitCall(number);
    call->Send(Message("a", "1"));
    Lose(call.get());
    Advance(kLongestBackoff);
    upstream_->WaitCall(number + 1)->Send(Message("b", "2"));
    EXPECT_TRUE(stream.ReadUntil(EventText("b", "2")));
    EXPECT_EQ(stream.received, EventText("a", "1") + ": upstream is away\n\n" +
                                   EventText("b", "2"));
    feed->Stop(absl::OkStatus());
  }
}

TEST_F(FeedReconnectTest, OutagesDoNotReduceAnExclusiveWindow) {
  auto feed = Feed::Create(&context_, Resumable(false));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  feed->Begin();
  // Together, these outages exceed the window.
  for (int i = 0; i < 700; ++i) {
    auto call = upstream_->WaitCall(i);
    ASSERT_NE(call, nullptr);
    call->Send(Message("a", absl::StrCat(i + 1)));
    ASSERT_TRUE(stream.ReadUntil(EventText("a", absl::StrCat(i + 1))));
    Lose(call.get());
    Advance(kLongestBackoff);
  }
  auto call = upstream_->WaitCall(700);
  for (int i = 0; i < 20; ++i) call->Send(Message(std::string(4000, 'b'), "b"));
  EXPECT_TRUE(call->WaitDelivered(20));
}

TEST_F(FeedReconnectTest, RefusalBeforeTheFirstMessageIsNotRetried) {
  auto feed = Feed::Create(&context_, Resumable(true));
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Begin();
  Lose(upstream_->WaitCall(0).get());
  EXPECT_EQ(subscriber->readiness(), Readiness::kEnded);
  EXPECT_EQ(subscriber->end_status(), absl::UnavailableError("lost"));
  Advance(kLongestBackoff);
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(FeedReconnectTest, OnlyUnavailableIsRetried) {
  auto feed = StartFeed(Resumable(true));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a", "1"));
  call->End(absl::InternalError("broken"));
  EXPECT_EQ(
      stream.ReadToEnd(),
      EventText("a", "1") + StatusEventText(absl::InternalError("broken")));
  Advance(kLongestBackoff);
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(FeedReconnectTest, StreamsThatCannotResumeEnd) {
  auto feed = StartFeed(Config(/*shared=*/true));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a", "1"));
  Lose(call.get());
  EXPECT_EQ(
      stream.ReadToEnd(),
      EventText("a", "1") + StatusEventText(absl::UnavailableError("lost")));
}

TEST_F(FeedReconnectTest, WithoutSubscribersThereIsNoReconnect) {
  auto feed = StartFeed(Resumable(true));
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a", "1"));
  Lose(call.get());
  Advance(kLongestBackoff);
  EXPECT_EQ(upstream_->calls(), 1u);
  EXPECT_EQ(feed->Join(nullptr, waiter_), nullptr);
}

TEST_F(FeedReconnectTest, GivesUpAfterTheConfiguredTime) {
  Feed::Config config = Resumable(true);
  config.reconnect.give_up_after = absl::Seconds(7);
  auto feed = StartFeed(std::move(config));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  upstream_->WaitCall(0)->Send(Message("a", "1"));
  Lose(upstream_->WaitCall(0).get());  // the first loss starts the clock
  for (size_t i = 1; i <= 2; ++i) {
    Advance(kLongestBackoff);
    auto call = upstream_->WaitCall(i);
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(circuits_.away(), 1);
    Lose(call.get());
  }
  EXPECT_EQ(stream.ReadToEnd(),
            EventText("a", "1") + kAway +
                StatusEventText(absl::UnavailableError("lost")));
  EXPECT_EQ(circuits_.away(), 0);
}

TEST_F(FeedReconnectTest, ZeroTimeDisablesReconnecting) {
  Feed::Config config = Resumable(true);
  config.reconnect.give_up_after = absl::ZeroDuration();
  auto feed = StartFeed(std::move(config));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  upstream_->WaitCall(0)->Send(Message("a", "1"));
  Lose(upstream_->WaitCall(0).get());
  EXPECT_EQ(
      stream.ReadToEnd(),
      EventText("a", "1") + StatusEventText(absl::UnavailableError("lost")));
}

TEST_F(FeedReconnectTest, PolicyDeterminesWhichCodesAreLosses) {
  Feed::Config config = Resumable(true);
  config.reconnect.codes = 1u << static_cast<int>(absl::StatusCode::kAborted);
  auto feed = StartFeed(std::move(config));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  upstream_->WaitCall(0)->Send(Message("a", "1"));
  upstream_->WaitCall(0)->End(absl::AbortedError("moved"));
  ASSERT_TRUE(upstream_->WaitCall(0)->WaitDone());
  Advance(kLongestBackoff);
  auto next = upstream_->WaitCall(1);
  ASSERT_NE(next, nullptr);
  next->Send(Message("b", "2"));
  Lose(next.get());
  EXPECT_THAT(stream.ReadToEnd(),
              HasSubstr(StatusEventText(absl::UnavailableError("lost"))));
}

// The reset is sent once, in order, to current subscribers and to those that
// return later with an older ID.
TEST_F(FeedReconnectTest, ExpiredIdStartsOverWithAReset) {
  for (bool shared : {true, false}) {
    const size_t number = upstream_->calls();
    auto feed = Feed::Create(&context_, Resumable(shared));
    TestStream stream;
    JoinAndAttach(feed.get(), &stream);
    feed->Begin();
    upstream_->WaitCall(number)->Send(Message("a", "1"));
    Lose(upstream_->WaitCall(number).get());
    Advance(kLongestBackoff);
    auto resumed = upstream_->WaitCall(number + 1);
    ASSERT_NE(resumed, nullptr);
    EXPECT_EQ(resumed->request(), "after 1");
    resumed->End(ExpiredError("5"));
    auto anew = upstream_->WaitCall(number + 2);
    ASSERT_NE(anew, nullptr);
    EXPECT_EQ(anew->request(), "first");
    anew->Send(Message("b", "7"));
    EXPECT_TRUE(stream.ReadUntil(EventText("b", "7")));
    const std::string reset =
        "event: reset\nid: \ndata: {\"requested\":\"1\",\"oldest\":\"5\"}\n\n";
    EXPECT_EQ(stream.received, EventText("a", "1") + kAway + kBack + reset +
                                   EventText("b", "7"));
    if (shared) {
      const std::string one = "1";
      TestStream late;
      feed->Join(&one, waiter_)->Attach(late.Open(delivery_.get()), {});
      EXPECT_TRUE(late.ReadUntil(EventText("b", "7")));
      EXPECT_EQ(late.received, reset + EventText("b", "7"));
    }
    // The new call did not resume after an ID, so a second expiry is an error.
    anew->End(ExpiredError("9"));
    EXPECT_THAT(stream.ReadToEnd(), HasSubstr("{\"code\":11,"));
    EXPECT_EQ(upstream_->calls(), number + 3);
  }
}

// A browser that comes back with it would get 400, after which EventSource
// gives up; without it, the last event's id leads to a reset.
TEST_F(FeedReconnectTest, AnEndBecauseOfAnExpiredIdHasNoIdOfItsOwn) {
  Feed::Config config = Resumable(true);
  config.call_tag = "tag";
  auto feed = Feed::Create(&context_, std::move(config));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  feed->Begin();
  upstream_->WaitCall(0)->Send(Message("a", "1"));
  upstream_->WaitCall(0)->End(ExpiredError("5"));
  const std::string text = stream.ReadToEnd();
  EXPECT_THAT(text, HasSubstr("event: grpc-status\n"));
  EXPECT_THAT(text, HasSubstr("{\"code\":11,"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("id: sse-bridge:")));
}

TEST_F(FeedReconnectTest, AnOpenFeedSendsTheResetBeforeTheNextEvent) {
  auto feed = Feed::Create(&context_, Resumable(true));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  feed->Begin();
  upstream_->WaitCall(0)->Send(Message("a", "1"));
  Lose(upstream_->WaitCall(0).get());
  Advance(kLongestBackoff);
  auto resumed = upstream_->WaitCall(1);
  ASSERT_NE(resumed, nullptr);
  resumed->Send(Message("b", "2"));
  EXPECT_TRUE(stream.ReadUntil(EventText("b", "2")));
  // The backend has dropped what this call has not received yet.
  resumed->End(ExpiredError("5"));
  auto anew = upstream_->WaitCall(2);
  ASSERT_NE(anew, nullptr);
  anew->Open();
  upstream_->Settle();
  Advance(absl::Milliseconds(20));
  EXPECT_TRUE(stream.ReadUntil(
      "event: reset\nid: \ndata: {\"requested\":\"1\",\"oldest\":\"5\"}\n\n"));
}

TEST_F(FeedReconnectTest, ResetWaitsForTheNewCallsAnswer) {
  Feed::Config config = Resumable(false);
  config.first_id = "1";
  auto feed = Feed::Create(&context_, std::move(config));
  auto subscriber = feed->Join(nullptr, waiter_);
  feed->Begin();
  EXPECT_EQ(upstream_->WaitCall(0)->request(), "after 1");
  upstream_->WaitCall(0)->End(ExpiredError(""));
  auto anew = upstream_->WaitCall(1);
  ASSERT_NE(anew, nullptr);
  EXPECT_EQ(subscriber->readiness(), Readiness::kWaiting);
  anew->End(absl::PermissionDeniedError("no"));
  ASSERT_TRUE(anew->WaitDone());
  EXPECT_EQ(subscriber->readiness(), Readiness::kEnded);
  EXPECT_EQ(subscriber->end_status(), absl::PermissionDeniedError("no"));
}

TEST_F(FeedReconnectTest, ReturningClientsAreNotRefusedForALostBackend) {
  auto feed = Feed::Create(&context_, Resumable(true));
  auto subscriber = feed->Join(nullptr, waiter_, EarlyLoss::kWaits);
  feed->Begin();
  Lose(upstream_->WaitCall(0).get());
  EXPECT_EQ(subscriber->readiness(), Readiness::kReady);
  EXPECT_EQ(waiter_->ready.value(), 1);
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()), {});
  Advance(kLongestBackoff);
  upstream_->WaitCall(1)->Send(Message("a", "1"));
  EXPECT_TRUE(stream.ReadUntil(EventText("a", "1")));
  EXPECT_EQ(stream.received, std::string(kAway) + kBack + EventText("a", "1"));
}

TEST_F(FeedReconnectTest, EarlyLossIsToldToThoseWhomItWouldRefuse) {
  auto feed = Feed::Create(&context_, Resumable(true));
  auto first = feed->Join(nullptr, waiter_, EarlyLoss::kRefusesAlone);
  feed->Begin();
  Lose(upstream_->WaitCall(0).get());
  EXPECT_EQ(first->readiness(), Readiness::kLost);
  EXPECT_TRUE(absl::IsUnavailable(first->end_status()));
  EXPECT_EQ(waiter_->ready.value(), 1);
  // Attached nevertheless, it waits.
  TestStream stream;
  first->Attach(stream.Open(delivery_.get()), {});
  Advance(kLongestBackoff);
  upstream_->WaitCall(1)->Send(Message("a", "1"));
  EXPECT_TRUE(stream.ReadUntil(EventText("a", "1")));
  EXPECT_EQ(stream.received, std::string(kAway) + kBack + EventText("a", "1"));
  // A later loss refuses nobody: it is an outage, in which others can join.
  Lose(upstream_->WaitCall(1).get());
  EXPECT_TRUE(stream.ReadUntil(kAway));
  auto second = feed->Join(nullptr, waiter_, EarlyLoss::kRefusesAlone);
  EXPECT_EQ(second->readiness(), Readiness::kReady);
}

TEST_F(FeedReconnectTest, AfterAnEarlyLossTheNextCallMayBeSilent) {
  auto feed = Feed::Create(&context_, Resumable(true));
  auto first = feed->Join(nullptr, waiter_, EarlyLoss::kRefusesAlone);
  feed->Begin();
  Lose(upstream_->WaitCall(0).get());
  TestStream stream;
  first->Attach(stream.Open(delivery_.get()), {});
  Advance(kLongestBackoff);
  auto call = upstream_->WaitCall(1);
  // Whether the backend is there is not known yet.
  const auto waiter = std::make_shared<CountingWaiter>();
  auto second = feed->Join(nullptr, waiter, EarlyLoss::kRefusesAlone);
  EXPECT_EQ(second->readiness(), Readiness::kWaiting);
  Lose(call.get());
  EXPECT_EQ(second->readiness(), Readiness::kLost);
  EXPECT_EQ(waiter->ready.value(), 1);
}

TEST_F(FeedReconnectTest, StopDuringAnOutageEndsTheFeed) {
  auto feed = StartFeed(Resumable(true));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a", "1"));
  Lose(call.get());
  feed->Stop(absl::UnavailableError("going"));
  EXPECT_THAT(stream.ReadToEnd(),
              HasSubstr(StatusEventText(absl::UnavailableError("going"))));
  Advance(kLongestBackoff);
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(FeedReconnectTest, BrowserLeavingDuringAnOutageEndsAnExclusiveFeed) {
  auto feed = Feed::Create(&context_, Resumable(false));
  TestStream stream;
  JoinAndAttach(feed.get(), &stream);
  feed->Begin();
  auto call = upstream_->WaitCall(0);
  call->Send(Message("a", "1"));
  EXPECT_TRUE(stream.ReadUntil(EventText("a", "1")));
  Lose(call.get());
  stream.CloseClient();
  EXPECT_TRUE(stream.closed->times.WaitFor(1));
  Sync();
  Advance(kLongestBackoff);
  EXPECT_EQ(upstream_->calls(), 1u);
}

// The flow control of the lost call does not carry over to the next one.
TEST_F(FeedReconnectTest, SlowBrowserPausesTheNextCallToo) {
  const std::string kilobyte(1000, 'x');
  auto feed = Feed::Create(&context_, Resumable(false));
  TestStream stream;
  stream.UseValve();
  JoinAndAttach(feed.get(), &stream, {.policy = SlowPolicy::kUnbounded});
  feed->Begin();
  auto call = upstream_->WaitCall(0);
  for (int i = 0; i < 40; ++i) call->Send(Message(kilobyte, "1"));
  Lose(call.get());
  // The first messages of the next call arrive before StartStream returns, and
  // the browser receives them at once.
  upstream_->OnStart([&](FakeCall* next) {
    for (int i = 0; i < 100; ++i) next->Send(Message(kilobyte, "2"));
    next->End(absl::OkStatus());
    next->WaitDelivered(1);
  });
  Advance(kLongestBackoff);
  auto next = upstream_->WaitCall(1);
  ASSERT_NE(next, nullptr);
  EXPECT_TRUE(next->WaitDelivered(25));
  upstream_->Settle();
  EXPECT_LE(next->delivered(), 30);
  stream.Allow(size_t{10} << 20);
  EXPECT_TRUE(next->WaitDone());
  EXPECT_EQ(stream.closed->Wait().reason, CloseReason::kEnded);
}

}  // namespace
}  // namespace sse_bridge
