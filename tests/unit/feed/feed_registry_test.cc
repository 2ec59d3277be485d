#include "bridge/feed/feed_registry.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/feed/feed_testing.h"

namespace sse_bridge {
namespace {

constexpr char kAddress[] = "10.0.0.1";

class FeedRegistryTest : public FeedFixture {
 protected:
  void TearDown() override {
    FeedFixture::TearDown();
    registry_ = nullptr;
  }

  std::unique_ptr<PendingSubscriber> Join(
      const std::string& key, const std::string* last_event_id = nullptr,
      bool resumable = true) {
    Feed::Config config = Config(/*shared=*/true);
    config.snapshot = Snapshot::What::kLast;
    if (resumable) config.request_after = RequestAfter;
    auto subscriber = registry_->Join(key, kAddress, std::move(config),
                                      last_event_id, waiter_);
    return subscriber.ok() ? *std::move(subscriber) : nullptr;
  }

  std::unique_ptr<FeedRegistry> registry_ =
      std::make_unique<FeedRegistry>(&context_);
};

TEST_F(FeedRegistryTest, IdenticalRequestsShareACallAndOthersDoNot) {
  auto a = Join("a"), again = Join("a"), b = Join("b");
  EXPECT_EQ(registry_->size(), 2u);
  EXPECT_EQ(upstream_->calls(), 2u);
}

TEST_F(FeedRegistryTest, SimultaneousJoinsStartOneCall) {
  constexpr int kKeys = 300;
  constexpr int kThreads = 3;
  std::vector<std::vector<std::unique_ptr<PendingSubscriber>>> subscribers(
      kThreads);
  std::atomic<int> at[kKeys] = {};
  std::vector<std::thread> threads;
  for (auto& own : subscribers) {
    threads.emplace_back([&] {
      for (int key = 0; key < kKeys; ++key) {
        ++at[key];
        while (at[key] < kThreads) std::this_thread::yield();
        own.push_back(Join(absl::StrCat(key)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& own : subscribers) {
    for (const auto& subscriber : own) ASSERT_NE(subscriber, nullptr);
  }
  EXPECT_EQ(upstream_->calls(), size_t{kKeys});
  EXPECT_EQ(registry_->size(), size_t{kKeys});
}

TEST_F(FeedRegistryTest, KnownLastEventIdIsServedFromTheRunningFeed) {
  auto first = Join("a");
  auto call = upstream_->WaitCall(0);
  for (const char* id : {"1", "2", "3"}) call->Send(Message("x", id));
  ASSERT_TRUE(call->WaitDelivered(3));
  const std::string one = "1";
  auto subscriber = Join("a", &one);
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()), {});
  EXPECT_TRUE(stream.ReadUntil(EventText("x", "3")));
  EXPECT_EQ(stream.received, EventText("x", "2") + EventText("x", "3"));
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(FeedRegistryTest, UnknownLastEventIdResumesAtTheBackend) {
  auto first = Join("a");
  auto call = upstream_->WaitCall(0);
  call->Send(Message("new", "9"));
  ASSERT_TRUE(call->WaitDelivered(1));
  const std::string old = "5";
  auto subscriber = Join("a", &old);
  auto resumed = upstream_->WaitCall(1);
  EXPECT_EQ(resumed->request(), "after 5");
  EXPECT_EQ(registry_->size(), 2u);

  // A client that returns with the same ID shares that call.
  auto other = Join("a", &old);
  EXPECT_EQ(upstream_->calls(), 2u);

  // It gets the backend's events, not the running feed's snapshot.
  resumed->Send(Message("missed", "6"));
  ASSERT_TRUE(resumed->WaitDelivered(1));
  for (auto* each : {&subscriber, &other}) {
    TestStream stream;
    (*each)->Attach(stream.Open(delivery_.get()), {});
    EXPECT_TRUE(stream.ReadUntil(EventText("missed", "6")));
    EXPECT_EQ(stream.received, EventText("missed", "6"));
  }
}

TEST_F(FeedRegistryTest, LateReturnersToAResumedFeedGetNoSnapshot) {
  const std::string old = "5";
  auto subscriber = Join("a", &old);
  auto resumed = upstream_->WaitCall(0);
  resumed->Send(Message("missed", "6"));
  resumed->Send(Message("missed", "7"));
  ASSERT_TRUE(resumed->WaitDelivered(2));
  TestStream first;
  subscriber->Attach(first.Open(delivery_.get()), {});
  EXPECT_TRUE(first.ReadUntil(EventText("missed", "7")));

  // It requested the events after 5, and they have already been sent.
  auto late = Join("a", &old);
  TestStream second;
  late->Attach(second.Open(delivery_.get()), {});
  for (size_t i = 0; i < upstream_->calls(); ++i) {
    upstream_->WaitCall(i)->Send(Message("next", "8"));
  }
  if (upstream_->calls() == 2) {
    upstream_->WaitCall(1)->Send(Message("unused", "9"));
  }
  EXPECT_TRUE(second.ReadUntil(EventText("next", "8")));
  if (upstream_->calls() == 1) {
    EXPECT_EQ(second.received, EventText("missed", "6") +
                                   EventText("missed", "7") +
                                   EventText("next", "8"));
  } else {
    EXPECT_EQ(upstream_->WaitCall(1)->request(), "after 5");
  }
}

TEST_F(FeedRegistryTest, WithoutResumptionAnUnknownIdIsAFirstVisitAfterAReset) {
  auto first = Join("a", nullptr, /*resumable=*/false);
  auto call = upstream_->WaitCall(0);
  call->Send(Message("now", "9"));
  ASSERT_TRUE(call->WaitDelivered(1));
  const std::string old = "5";
  auto subscriber = Join("a", &old, /*resumable=*/false);
  EXPECT_EQ(upstream_->calls(), 1u);
  TestStream stream;
  subscriber->Attach(stream.Open(delivery_.get()), {});
  EXPECT_TRUE(stream.ReadUntil(EventText("now", "9")));
  EXPECT_EQ(
      stream.received,
      "event: reset\nid: \ndata: {\"requested\":\"5\",\"oldest\":\"9\"}\n\n" +
          EventText("now", "9"));
}

TEST_F(FeedRegistryTest, ReturnersJoinAnyFeedThatHasTheirId) {
  const std::string five = "5", six = "6";
  auto subscriber = Join("a", &five);
  auto resumed = upstream_->WaitCall(0);
  resumed->Send(Message("x", "6"));
  resumed->Send(Message("x", "7"));
  ASSERT_TRUE(resumed->WaitDelivered(2));
  TestStream stream;
  Join("a", &six)->Attach(stream.Open(delivery_.get()), {});
  EXPECT_TRUE(stream.ReadUntil(EventText("x", "7")));
  EXPECT_EQ(stream.received, EventText("x", "7"));
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(FeedRegistryTest, EndedFeedsAreReplaced) {
  auto first = Join("a");
  auto call = upstream_->WaitCall(0);
  call->End(absl::OkStatus());
  ASSERT_TRUE(call->WaitDone());
  EXPECT_EQ(registry_->size(), 0u);
  auto second = Join("a");
  EXPECT_EQ(upstream_->calls(), 2u);
  EXPECT_EQ(second->readiness(), PendingSubscriber::Readiness::kWaiting);
}

TEST_F(FeedRegistryTest, FeedsThatNeverHadAnEventDoNotLinger) {
  Join("a") = nullptr;
  EXPECT_EQ(registry_->size(), 0u);
  EXPECT_TRUE(upstream_->WaitCall(0)->WaitCancelled());
}

TEST_F(FeedRegistryTest, FeedsAreRemovedAfterTheirLinger) {
  auto subscriber = Join("a");
  auto call = upstream_->WaitCall(0);
  call->Send(Message("x", "1"));
  ASSERT_TRUE(call->WaitDelivered(1));
  subscriber = nullptr;
  EXPECT_EQ(registry_->size(), 1u);
  Advance(absl::Seconds(5));
  EXPECT_EQ(registry_->size(), 0u);
  EXPECT_TRUE(upstream_->WaitCall(0)->WaitCancelled());
}

TEST_F(FeedRegistryTest, StopAllEndsEveryFeed) {
  auto a = Join("a"), b = Join("b");
  registry_->StopAll(absl::UnavailableError("going"));
  EXPECT_EQ(registry_->size(), 0u);
  for (const auto* subscriber : {&a, &b}) {
    EXPECT_EQ((*subscriber)->readiness(), PendingSubscriber::Readiness::kEnded);
    EXPECT_EQ((*subscriber)->end_status(), absl::UnavailableError("going"));
  }
}

class FeedsPerAddressTest : public FeedRegistryTest {
 protected:
  static constexpr size_t kMost = 3;

  FeedsPerAddressTest() {
    registry_ = std::make_unique<FeedRegistry>(&context_, kMost);
  }

  absl::StatusOr<std::unique_ptr<PendingSubscriber>> From(
      const std::string& address, const std::string& key,
      size_t request_bytes = 0) {
    Feed::Config config = Config(/*shared=*/true);
    return registry_->Join(key + std::string(request_bytes, 'r'), address,
                           std::move(config), nullptr, waiter_);
  }
  static void ExpectTooMany(const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(status.message()),
                ::testing::HasSubstr("max_feeds_per_address is 3"));
  }
};

TEST_F(FeedsPerAddressTest, FeedsAreRefusedAtTheLimitUntilOneEnds) {
  std::vector<std::unique_ptr<PendingSubscriber>> subscribers;
  for (const char* key : {"a", "b", "c"}) {
    auto subscriber = From("1", key);
    ASSERT_TRUE(subscriber.ok());
    subscribers.push_back(*std::move(subscriber));
  }
  ExpectTooMany(From("1", "d").status());
  EXPECT_EQ(registry_->size(), kMost);
  EXPECT_TRUE(From("1", "a").ok()) << "it runs already";
  auto other = From("2", "d");
  ASSERT_TRUE(other.ok());
  EXPECT_TRUE(From("1", "d").ok()) << "another's feed";
  subscribers.pop_back();
  auto again = From("1", "e");
  EXPECT_TRUE(again.ok());
}

TEST_F(FeedsPerAddressTest, LingeringFeedsAreEndedForNewOnes) {
  for (const char* key : {"a", "b", "c"}) {
    const size_t index = upstream_->calls();
    auto subscriber = From("1", key);
    ASSERT_TRUE(subscriber.ok());
    auto call = upstream_->WaitCall(index);
    call->Send(Message("x", "1"));
    ASSERT_TRUE(call->WaitDelivered(1));
  }
  EXPECT_EQ(registry_->size(), kMost) << "they linger";
  auto stays = From("1", "a");
  auto fourth = From("1", "d");
  EXPECT_TRUE(fourth.ok());
  EXPECT_EQ(registry_->size(), 2u) << "the one in use, and the new one";
  EXPECT_TRUE(upstream_->WaitCall(1)->WaitCancelled());
  EXPECT_TRUE(upstream_->WaitCall(2)->WaitCancelled());
}

TEST_F(FeedsPerAddressTest, LargeRequestsCountForMore) {
  auto large = From("1", "a", FeedQuota::kRequestBytes);
  ASSERT_TRUE(large.ok());
  ExpectTooMany(From("1", "b", FeedQuota::kRequestBytes).status());
  EXPECT_TRUE(From("1", "b").ok());
}

TEST_F(FeedsPerAddressTest, ManyKeysAreAllowedTogetherOrNotAtAll) {
  auto subscriber = From("1", "a");
  EXPECT_TRUE(registry_->CheckQuota("1", {"a", "b", "c"}).ok());
  ExpectTooMany(registry_->CheckQuota("1", {"b", "c", "d"}));
  EXPECT_TRUE(registry_->CheckQuota("2", {"b", "c", "d"}).ok());
}

TEST_F(FeedsPerAddressTest, ExclusiveFeedsCountUntilTheirCallIsDone) {
  std::vector<std::shared_ptr<FeedQuota::Charge>> charges;
  for (size_t i = 0; i < kMost; ++i) {
    auto charge = registry_->ChargeOwn("1", 1);
    ASSERT_TRUE(charge.ok());
    charges.push_back(*std::move(charge));
  }
  ExpectTooMany(registry_->ChargeOwn("1", 1).status());
  charges.pop_back();
  EXPECT_TRUE(registry_->ChargeOwn("1", 1).ok());
}

TEST(FeedQuotaTest, EndedFeedsAreLimitedToo) {
  FeedQuota quota(2);
  std::vector<std::shared_ptr<FeedQuota::Charge>> charges;
  for (size_t i = 0; i < 2 * FeedQuota::kEndedFactor; ++i) {
    auto charge = quota.Take("a", 1);
    ASSERT_NE(charge, nullptr);
    charge->Ended();
    charge->Ended();
    charges.push_back(std::move(charge));
  }
  EXPECT_EQ(quota.running("a"), 0u);
  EXPECT_EQ(quota.Take("a", 1), nullptr) << "their calls are not done";
  charges.pop_back();
  EXPECT_NE(quota.Take("a", 1), nullptr);
  charges.clear();
  EXPECT_EQ(quota.addresses(), 0u);
}

TEST(FeedQuotaTest, ZeroIsNoLimit) {
  FeedQuota quota(0);
  std::vector<std::shared_ptr<FeedQuota::Charge>> charges;
  for (int i = 0; i < 1000; ++i) charges.push_back(quota.Take("a", 1));
  for (const auto& charge : charges) EXPECT_NE(charge, nullptr);
  EXPECT_EQ(quota.running("a"), 1000u);
}

// A first visit whose greeting names the event that it begins after.
class JoinAtTest : public FeedRegistryTest {
 protected:
  std::unique_ptr<PendingSubscriber> JoinAt(const std::string& id,
                                            bool start = false,
                                            bool first_visit = true) {
    Feed::Config config = Config(/*shared=*/true);
    config.request_after = RequestAfter;
    auto subscriber = registry_->JoinAt("k", kAddress, std::move(config), id,
                                        waiter_, first_visit, start);
    EXPECT_TRUE(subscriber.ok()) << subscriber.status();
    return subscriber.ok() ? *std::move(subscriber) : nullptr;
  }
  std::string Read(std::unique_ptr<PendingSubscriber> subscriber,
                   absl::string_view tail) {
    TestStream stream;
    subscriber->Attach(stream.Open(delivery_.get()), {});
    EXPECT_TRUE(stream.ReadUntil(tail));
    return stream.received;
  }
};

TEST_F(JoinAtTest, FirstFeedResumesAfterTheEvent) {
  auto subscriber = JoinAt("5");
  ASSERT_NE(subscriber, nullptr);
  EXPECT_EQ(upstream_->WaitCall(0)->request(), "after 5");
  auto again = JoinAt("5");
  ASSERT_NE(again, nullptr) << "no event has come yet";
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(JoinAtTest, EventsAfterTheOneAreDeliveredAndNoOthers) {
  auto first = JoinAt("5");
  const auto call = upstream_->WaitCall(0);
  for (const char* id : {"6", "7", "8"}) call->Send(Message(id, id));
  ASSERT_TRUE(call->WaitDelivered(3));
  auto subscriber = JoinAt("6");
  ASSERT_NE(subscriber, nullptr);
  EXPECT_EQ(Read(std::move(subscriber), EventText("8", "8")),
            EventText("7", "7") + EventText("8", "8"));
  EXPECT_EQ(upstream_->calls(), 1u);
}

TEST_F(JoinAtTest, EventThatTheFeedDoesNotHaveYetIsWaitedFor) {
  auto first = JoinAt("5");
  EXPECT_EQ(JoinAt("6"), nullptr);
  EXPECT_EQ(upstream_->calls(), 1u) << "no second feed";
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("six", "6"));
  ASSERT_TRUE(call->WaitDelivered(1));
  EXPECT_NE(JoinAt("6"), nullptr);
}

TEST_F(JoinAtTest, EventThatDoesNotComeStartsACallOfItsOwn) {
  auto first = JoinAt("5");
  auto subscriber = JoinAt("unknown", /*start=*/true);
  ASSERT_NE(subscriber, nullptr);
  EXPECT_EQ(upstream_->WaitCall(1)->request(), "after unknown");
}

TEST_F(JoinAtTest, EarlierEventsWithoutIdAreLeftOutAndLaterOnesAreNot) {
  auto first = JoinAt("5");
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("typing"));
  call->Send(Message("six", "6"));
  ASSERT_TRUE(call->WaitDelivered(2));
  auto subscriber = JoinAt("5");
  ASSERT_NE(subscriber, nullptr);
  call->Send(Message("typing again"));
  ASSERT_TRUE(call->WaitDelivered(3));
  EXPECT_EQ(Read(std::move(subscriber), EventText("typing again")),
            EventText("six", "6") + EventText("typing again"));
}

TEST_F(JoinAtTest, ReturningClientReceivesEventsWithoutIdToo) {
  auto first = JoinAt("5");
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("typing"));
  call->Send(Message("six", "6"));
  ASSERT_TRUE(call->WaitDelivered(2));
  auto subscriber = JoinAt("5", /*start=*/false, /*first_visit=*/false);
  ASSERT_NE(subscriber, nullptr);
  EXPECT_EQ(Read(std::move(subscriber), EventText("six", "6")),
            EventText("typing") + EventText("six", "6"));
}

TEST_F(JoinAtTest, GreetingIsFirstAlsoBeforeAReset) {
  auto subscriber = JoinAt("5");
  const auto call = upstream_->WaitCall(0);
  call->Send(Message("six", "6"));
  ASSERT_TRUE(call->WaitDelivered(1));
  subscriber->BeginWith(Event("reset"));
  subscriber->Greet(Event("hello"));
  EXPECT_EQ(Read(std::move(subscriber), EventText("six", "6")),
            "data: hello\n\ndata: reset\n\n" + EventText("six", "6"));
}

TEST_F(JoinAtTest, GreetedStreamThatEndsEmptyIsNotWithoutContent) {
  auto subscriber = JoinAt("5");
  subscriber->Greet(Event("hello"));
  const auto call = upstream_->WaitCall(0);
  call->End(absl::OkStatus());
  ASSERT_TRUE(call->WaitDone());
  EXPECT_EQ(subscriber->readiness(), PendingSubscriber::Readiness::kReady);
}

TEST(SnapshotAudienceTest, EventForSomeDoesNotReplaceWhatOthersSee) {
  Snapshot snapshot(Snapshot::What::kLastPerKey);
  const auto event = [](const std::string& text,
                        std::vector<std::string> only_to) {
    FrameInfo info;
    info.audience = Audience::Create(std::move(only_to), {});
    return Frame::Create(text, info);
  };
  snapshot.Add("k", event("all 1", {}));
  snapshot.Add("k", event("ann 1", {"ann"}));
  snapshot.Add("k", event("ann 2", {"ann"}));
  snapshot.Add("k", event("bob 1", {"bob"}));
  std::vector<std::string> texts;
  for (const FramePtr& frame : snapshot.Frames()) {
    texts.emplace_back(frame->payload());
  }
  EXPECT_THAT(texts, ::testing::ElementsAre("all 1", "ann 2", "bob 1"));
}

}  // namespace
}  // namespace sse_bridge
